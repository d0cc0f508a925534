/**
 * Waiting, blocking and running under a token.
 *
 * <p><b>Waiting for what knows nothing of tokens.</b> {@link dev.desist.concurrent.Blocking} makes
 * any call that listens to an interrupt, or that ends when what it uses is closed, one that a token
 * ends. {@link dev.desist.concurrent.Queues} and {@link dev.desist.concurrent.Locks} do so for
 * queues, locks and semaphores, and are cheaper where nothing has to be waited for. In all of them,
 * what comes together with a cancellation is had or left where it was, never lost.
 *
 * <p><b>Waiting for what is this library's.</b> An {@link dev.desist.concurrent.Event} happens
 * once, has a value, and is what a token is not: a signal for anything but stopping. {@link
 * dev.desist.concurrent.Select} waits for the first of several things, which its {@linkplain
 * dev.desist.concurrent.Clause clauses} name: stages, events, tokens, deadlines, and the elements
 * of a {@link dev.desist.concurrent.SelectableQueue}.
 *
 * <p><b>Work on other threads.</b> {@link dev.desist.concurrent.Futures} links futures and what
 * stands behind them: a token ends a future, and whoever cancels a future reaches its work, also
 * through those made from it. {@link dev.desist.concurrent.Latest} is a slot for work of which only
 * the newest counts. Work that belongs together, and has to have ended when a block has, is a
 * matter for {@code dev.desist.scope}.
 *
 * <p>Whatever waits or starts work takes a token as its first parameter, and obeys the {@linkplain
 * dev.desist.Cancellation#current() current} one as well; objects that obey for as long as they
 * live take the two together when they are made. Whoever has no token to give passes {@code
 * Cancellation.current()}; to be alone with a token, be in a {@linkplain
 * dev.desist.Cancellation#shielded shield}.
 */
@NullMarked
package dev.desist.concurrent;

import org.jspecify.annotations.NullMarked;
