/** Input and output that ends when a token is cancelled, and leaves what it used open and whole. */
@NullMarked
package dev.desist.io;

import org.jspecify.annotations.NullMarked;
