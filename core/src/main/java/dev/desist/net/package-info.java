/**
 * Sockets, channels and pipes whose blocking calls end when a token is cancelled, and which stay
 * open and usable then.
 *
 * <p>Where to begin: {@link dev.desist.net.CancellableSocketChannel} connects, reads and writes,
 * {@link dev.desist.net.CancellableServerSocketChannel} accepts, {@link
 * dev.desist.net.CancellableDatagramChannel} is for UDP and {@link dev.desist.net.CancellablePipe}
 * for the two ends of a pipe. Code that knows {@link java.net.Socket} alone, a driver or a client,
 * is handed one by {@link dev.desist.net.CancellableSocketFactory}, or accepts with {@link
 * dev.desist.net.CancellableServerSocketFactory}.
 *
 * <p>The rules:
 *
 * <ul>
 *   <li>A call that is given a token obeys that, and the {@linkplain
 *       dev.desist.Cancellation#current() current} one. The forms without are those of the JDK's
 *       interfaces, and obey the current one.
 *   <li>A cancelled call has lost nothing: what it would have read or accepted goes to the next
 *       one, and how much it has written is said. To send a goodbye, write in a {@linkplain
 *       dev.desist.Cancellation#shielded(dev.desist.Action) shield}.
 *   <li>What is thrown is a {@link dev.desist.CancelledIOException}; for a timeout, a {@link
 *       java.net.SocketTimeoutException}, which is no cancellation.
 *   <li>A virtual thread that waits holds no carrier and no descriptor; a platform thread waits in
 *       a selector. Nothing here closes a channel but its {@code close}.
 * </ul>
 *
 * <p>What a thread did before it wrote <i>happens-before</i> nothing at the other end: bytes are no
 * memory effect. What it did before it cancelled <i>happens-before</i> the exception of the call
 * that ends.
 */
@NullMarked
package dev.desist.net;

import org.jspecify.annotations.NullMarked;
