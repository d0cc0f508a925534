/**
 * Whatever yields items, ended between two of them when a token is cancelled.
 *
 * <p>{@link dev.desist.stream.UntilCancelled} is all there is: one chooses how items are to end,
 * quietly or with an exception, and then has it put an end to what one has. That may be an iterator
 * or an iterable, a stream, sequential or parallel, of objects or of numbers, a publisher or a
 * subscriber of {@link java.util.concurrent.Flow}, or a call that waits for the next item, such as
 * one of a queue or of a terminal.
 *
 * <p>The token is asked where {@code UntilCancelled} was put in, before the source is. So an item
 * is dealt with to its end or not begun, and one that was not begun is where it was. Nothing is
 * interrupted here: an item that is waited for has to be waited for by a call that obeys a token,
 * such as {@code Queues.take}.
 *
 * <p>Streams of the JDK that have no end put in are not ended, wherever they run; nor is the work
 * on one item that takes long, which has to ask the token for itself.
 */
@NullMarked
package dev.desist.stream;

import org.jspecify.annotations.NullMarked;
