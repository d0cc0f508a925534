/** Structured concurrency: tasks whose lifetime is that of a block. */
@NullMarked
package dev.desist.scope;

import org.jspecify.annotations.NullMarked;
