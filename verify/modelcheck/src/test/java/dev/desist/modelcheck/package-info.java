/**
 * Programs of a few threads and a few steps, tried in many orders of those steps, and objects whose
 * operations are compared with their sequential specification.
 */
@NullMarked
package dev.desist.modelcheck;

import org.jspecify.annotations.NullMarked;
