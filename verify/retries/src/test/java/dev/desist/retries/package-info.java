/** Retries and circuit breakers of others, around calls that can be cancelled. */
@NullMarked
package dev.desist.retries;

import org.jspecify.annotations.NullMarked;
