/** Downloads that stop at Ctrl-C, keep what they have, and go on from there. */
@NullMarked
package dev.desist.examples.download;

import org.jspecify.annotations.NullMarked;
