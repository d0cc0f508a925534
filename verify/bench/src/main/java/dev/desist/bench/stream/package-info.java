/** Stopping between items: streams, loops over arrays, publishers. */
@NullMarked
package dev.desist.bench.stream;

import org.jspecify.annotations.NullMarked;
