/**
 * Races between two threads, each a small class with all outcomes that are allowed and those that
 * are not.
 */
@NullMarked
package dev.desist.jcstress;

import org.jspecify.annotations.NullMarked;
