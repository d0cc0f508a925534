/** Sockets and channels. */
@NullMarked
package dev.desist.net;

import org.jspecify.annotations.NullMarked;
