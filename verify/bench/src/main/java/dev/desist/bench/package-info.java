/**
 * Desist and its peers, measured in the same run: {@link dev.desist.bench.Bench} runs the
 * benchmarks of the packages below, of which each is a group, and prints what came out.
 *
 * <p>A benchmark is a class that extends {@link dev.desist.bench.Contest}. Its methods are the
 * contestants: {@code desist}, and the peers by their names.
 */
@NullMarked
package dev.desist.bench;

import org.jspecify.annotations.NullMarked;
