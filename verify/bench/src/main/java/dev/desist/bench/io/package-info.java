/**
 * Connections between two processes: how fast, how soon a call ends, and what an idle one takes.
 */
@NullMarked
package dev.desist.bench.io;

import org.jspecify.annotations.NullMarked;
