/**
 * The primitives of cooperative cancellation: one signal, who may give it, who sees it, and why it
 * was given.
 *
 * <p>Where to begin: a {@link dev.desist.CancellationSource} cancels; its {@link
 * dev.desist.CancellationToken} is handed to the work, which asks it, waits for it, or registers a
 * callback, whose {@link dev.desist.CancellationRegistration} takes it back. Tokens descend from
 * one another, and carry a {@link dev.desist.Deadline}. Work that was told says so with a {@link
 * dev.desist.CancelledException}, or a {@link dev.desist.CancelledIOException}, which have the
 * {@link dev.desist.CancellationReason}. {@link dev.desist.Cancellation} is for code that is not
 * handed a token: the current one, shields, checkpoints. {@link dev.desist.Leftovers} tells of work
 * that does not listen.
 *
 * <p>The rules, which hold in every package:
 *
 * <ul>
 *   <li>Cancelling asks; it kills nothing. What is asked stops at its next look at the token, or is
 *       ended in the call in which it blocks.
 *   <li>A token comes first: what can wait or start work takes one as its first parameter, and
 *       obeys the current one as well. A form without exists for the words of {@code Cancellation},
 *       for scopes, and where somebody else's interface dictates the signature.
 *   <li>What is called is an {@link dev.desist.Action} or a {@link dev.desist.Task}: what it throws
 *       is what its caller has to catch. Options are a function that comes last.
 *   <li>No lock of this library is held while a user's code runs, and a failure of that code
 *       reaches somebody.
 * </ul>
 *
 * <p>What a thread did before it cancelled <i>happens-before</i> what another does after it saw
 * that: by a poll, in a callback, after a wait, or with the exception in hand. A poll never blocks;
 * {@code await} and {@code close} of a registration do; {@code cancel} runs the callbacks that were
 * registered without an executor.
 */
@NullMarked
package dev.desist;

import org.jspecify.annotations.NullMarked;
