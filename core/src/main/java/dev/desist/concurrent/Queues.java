package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Task;
import dev.desist.internal.Arguments;
import dev.desist.internal.Foreign;
import dev.desist.internal.Stack;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Takes from any {@link BlockingQueue}, and puts into it, under a token: waiting ends when the
 * token is cancelled, and no element is lost.
 *
 * {@snippet class="dev.desist.snippets.QueueSnippets" region="consumer"}
 *
 * <h2>What happens on a cancellation</h2>
 *
 * <p>The call throws a {@link CancelledException}, and has taken or put nothing. If an element and
 * the cancellation come together, one of two things happens: the call returns normally, and the
 * element has been handed over; or it throws, and the element is where it was, in the queue or with
 * the caller. A token that is cancelled already ends the call before it looks at the queue, also if
 * it would not have had to wait. As everywhere, the {@linkplain Cancellation#current() current}
 * token is obeyed beside the one that is given.
 *
 * <p>That is so with the queues of the JDK, and with any other whose blocking methods, when they
 * throw an {@link InterruptedException}, have taken or put nothing.
 *
 * <h2>Time</h2>
 *
 * <p>A timeout is measured by the {@link dev.desist.TimeSource} that the token belongs to, and with
 * {@link CancellationToken#none()} by the one in use. A timeout that is over is no cancellation:
 * the call returns null or false. Zero only asks: the call takes what is there, or puts it where
 * there is room, and does not wait, and throws for a cancellation and for an interrupt as a longer
 * wait does.
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter. A thread that
 * is interrupted, by whomever but this library, gets an {@link InterruptedException}, as from the
 * queue itself. What the queue throws comes through as it is.
 *
 * @implNote Asks the queue first without waiting, and guards only a call that has to wait. Beside
 *     the queue's own work, a call that need not wait costs one poll of each token.
 */
public final class Queues {
  private Queues() {}

  // ---- taking ----

  /**
   * Takes the head of {@code queue}, and waits until there is one.
   *
   * @param <E> what the elements are
   * @param token what may end the wait
   * @param queue to take from
   * @return the head
   * @throws CancelledException if the token is or becomes cancelled; nothing was taken
   * @throws InterruptedException if somebody else interrupts this thread; nothing was taken
   */
  public static <E> E take(CancellationToken token, BlockingQueue<? extends E> queue)
      throws InterruptedException {
    E taken = pollNow(token, queue);
    return taken != null ? taken : Blocking.guarded(Cancellation.currentWith(token), queue::take);
  }

  /**
   * Takes the head of {@code queue}, and waits for one, but not for ever.
   *
   * @param <E> what the elements are
   * @param token what may end the wait
   * @param queue to take from
   * @param timeout how long to wait
   * @return the head, or null if there was none in time
   * @throws IllegalArgumentException if the timeout is negative
   * @throws CancelledException if the token is or becomes cancelled; nothing was taken
   * @throws InterruptedException if somebody else interrupts this thread; nothing was taken
   */
  public static <E> @Nullable E poll(
      CancellationToken token, BlockingQueue<? extends E> queue, Duration timeout)
      throws InterruptedException {
    Arguments.notNegative(timeout, "timeout");
    E taken = pollNow(token, queue);
    return taken != null || timeout.isZero()
        ? taken
        : Blocking.guarded(Cancellation.currentWith(token), timeout, queue::take);
  }

  /**
   * Takes what is in {@code queue}, and waits until there is something: for those who work on many
   * elements at a time.
   *
   * @param <E> what the elements are
   * @param token what may end the wait
   * @param queue to take from
   * @param limit how many at most
   * @return the elements, in the queue's order, at least one; the list is the caller's own. If the
   *     queue fails after some were taken, these; the failure goes to this thread's
   *     uncaught-exception handler
   * @throws IllegalArgumentException if the limit is not positive
   * @throws CancelledException if the token is or becomes cancelled; nothing was taken
   * @throws InterruptedException if somebody else interrupts this thread; nothing was taken
   */
  public static <E> List<E> drain(
      CancellationToken token, BlockingQueue<? extends E> queue, int limit)
      throws InterruptedException {
    Arguments.positive(limit, "limit");
    var taken = new ArrayList<E>(Math.min(limit, 10)); // now: later nothing must fail
    taken.add(take(token, queue));
    try {
      drainInto(taken, queue, limit);
    } catch (Throwable e) { // what was taken is the caller's
      Foreign.report(e);
    }
    return taken;
  }

  @SuppressWarnings("NonApiType") // of which room can be asked for
  private static <E> void drainInto(
      ArrayList<E> taken, BlockingQueue<? extends E> queue, int limit) {
    try {
      queue.drainTo(taken, limit - 1);
    } catch (UnsupportedOperationException e) { // as of queues with one consumer alone
      pollInto(taken, queue, limit);
    }
  }

  @SuppressWarnings("NonApiType")
  private static <E> void pollInto(
      ArrayList<E> taken, BlockingQueue<? extends E> queue, int limit) {
    while (taken.size() < limit) {
      taken.ensureCapacity(taken.size() + 1); // while nothing is in hand
      E next = queue.poll();
      if (next == null) {
        return;
      }
      taken.add(next);
    }
  }

  private static <E> @Nullable E pollNow(CancellationToken token, BlockingQueue<? extends E> queue)
      throws InterruptedException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(queue, "queue");
    Blocking.checkpoint(token);
    Stack.reserve(); // what was taken is handed over (promise 20)
    return queue.poll(0, TimeUnit.NANOSECONDS); // throws if interrupted, as take does
  }

  // ---- putting ----

  /**
   * Puts {@code element} into {@code queue}, and waits until there is room.
   *
   * @param <E> what the elements are
   * @param token what may end the wait
   * @param queue to put into
   * @param element what to put
   * @throws CancelledException if the token is or becomes cancelled; nothing was put
   * @throws InterruptedException if somebody else interrupts this thread; nothing was put
   */
  public static <E> void put(CancellationToken token, BlockingQueue<? super E> queue, E element)
      throws InterruptedException {
    if (!offerNow(token, queue, element)) {
      Blocking.guarded(Cancellation.currentWith(token), putting(queue, element));
    }
  }

  /**
   * Puts {@code element} into {@code queue}, and waits for room, but not for ever.
   *
   * @param <E> what the elements are
   * @param token what may end the wait
   * @param queue to put into
   * @param element what to put
   * @param timeout how long to wait
   * @return whether there was room in time
   * @throws IllegalArgumentException if the timeout is negative
   * @throws CancelledException if the token is or becomes cancelled; nothing was put
   * @throws InterruptedException if somebody else interrupts this thread; nothing was put
   */
  public static <E> boolean offer(
      CancellationToken token, BlockingQueue<? super E> queue, E element, Duration timeout)
      throws InterruptedException {
    Arguments.notNegative(timeout, "timeout");
    return offerNow(token, queue, element)
        || (!timeout.isZero()
            && Blocking.guarded(Cancellation.currentWith(token), timeout, putting(queue, element))
                != null);
  }

  private static <E> boolean offerNow(
      CancellationToken token, BlockingQueue<? super E> queue, E element)
      throws InterruptedException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(queue, "queue");
    Objects.requireNonNull(element, "element");
    Blocking.checkpoint(token);
    Stack.reserve();
    return queue.offer(element, 0, TimeUnit.NANOSECONDS); // throws if interrupted, as put does
  }

  private static <E> Task<Boolean, InterruptedException> putting(
      BlockingQueue<? super E> queue, E element) {
    return () -> {
      queue.put(element);
      return true;
    };
  }
}
