/**
 * Structured concurrency: tasks whose lifetime is that of a block.
 *
 * <p><b>Where to begin.</b> {@link dev.desist.scope.TaskScope} is the block: opened in a
 * try-with-resources statement, forked into, joined, closed. {@link dev.desist.scope.Tasks} has the
 * usual cases in one line: the first of several tasks, all of them, one with a timeout. A {@link
 * dev.desist.scope.Joiner} says when a scope stops and what it gives; a {@link
 * dev.desist.scope.Subtask} is what was forked, to be cancelled, awaited and asked how it ended; a
 * {@link dev.desist.scope.Grace} says what becomes of those who do not listen.
 *
 * <p><b>Rules that hold.</b> A subtask ends before its scope does, unless a grace says that it may
 * be left behind, and then it is reported. What is cancelled before it begins, never begins. Any
 * thread may cancel a scope or a subtask; that is done by token, and an interrupt is sent if one
 * aborts, or a grace says so. Whatever is given a token first obeys that and the current one; what
 * has no such parameter obeys the current one, but for {@code await()}, which is for cleaning up
 * and obeys none. Users' code runs under no lock of the library.
 *
 * <p><b>Memory effects.</b> What was done before a fork <i>happens-before</i> the task, and what
 * the task did <i>happens-before</i> whatever follows a join or close that waited for it, a return
 * of {@code await}, or a look at its outcome.
 *
 * <p><b>What blocks.</b> {@code join}, until all have ended or the scope is cancelled; {@code
 * close}, until all have ended, or as long as the grace says; {@code await}; and every call of
 * {@code Tasks}. The first, the third and the last end with an interrupt; {@code close} hands it
 * down. Forking, cancelling and asking do not block.
 */
@NullMarked
package dev.desist.scope;

import org.jspecify.annotations.NullMarked;
