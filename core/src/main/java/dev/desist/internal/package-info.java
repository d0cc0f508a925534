/**
 * What at least two of the packages above need, and no user: not exported. It knows nothing of
 * tokens.
 */
@NullMarked
package dev.desist.internal;

import org.jspecify.annotations.NullMarked;
