/** Waiting under a token. */
@NullMarked
package dev.desist.bench.concurrent;

import org.jspecify.annotations.NullMarked;
