/** Waiting, blocking and running under a token. */
@NullMarked
package dev.desist.concurrent;

import org.jspecify.annotations.NullMarked;
