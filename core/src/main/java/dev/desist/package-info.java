/** The primitives of cooperative cancellation. */
@NullMarked
package dev.desist;

import org.jspecify.annotations.NullMarked;
