/** The primitives: tokens, callbacks, the interrupt bridge. */
@NullMarked
package dev.desist.bench.token;

import org.jspecify.annotations.NullMarked;
