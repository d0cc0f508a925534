package dev.desist.stream;

import dev.desist.CancellationRegistration;
import dev.desist.CancelledException;
import dev.desist.internal.Fields;
import dev.desist.internal.Foreign;
import dev.desist.internal.Lane;
import dev.desist.internal.Stack;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * Stands between a publisher and a subscriber, and ends the subscription when a token is cancelled.
 *
 * @param <T> what the items are
 */
final class UntilSubscriber<T> implements Flow.Subscriber<T>, Flow.Subscription {
  /*
   * Overview: passes signals down and requests up. The token's callback, on the dispatcher, must
   * not signal while a signal of the publisher is under way; so those are counted, and whoever
   * comes last says the last word.
   *
   * States:      `state` is a count of signals under way (onSubscribe and onNext, which nest if the
   *              publisher is synchronous), and two flags. None: live. ENDING: the token has ended
   *              it, and the last word is still to be said. ENDED: the last word has been said,
   *              ours or the publisher's, or the subscriber wants none.
   *
   *              live -> ENDING -> ENDED, live -> ENDED, ENDING -> both flags (the subscriber
   *              cancelled in between)
   * Invariants:  1. A signal begins only when live, and counts itself in the same step.
   *              2. The last word of ours is said by the one who turns exactly ENDING, with count
   *                 zero, into ENDED: nothing is under way then, and nothing begins any more.
   *              3. The publisher's last word is said by turning live into ENDED, so it is never
   *                 beside ours. It needs no count: the publisher signals one after the other.
   * Who finishes: whoever sets ENDING tries, and everybody who leaves a signal and finds ENDING
   *               alone. One of them comes last.
   * Ordering:    `state` is volatile throughout; `source` is set before the count of onSubscribe is
   *              given back.
   * Progress:    nobody waits.
   * Garbage:     the callback is taken back by every way into ENDED, so a token that lives long
   *              keeps nothing of it (promise 14); and when the subscriber throws, which by the
   *              rules of Flow gives the subscription up. What comes all the same is passed on.
   */
  private static final int ENDING = 1 << 30;
  private static final int ENDED = 1 << 31;

  private static final VarHandle STATE = Fields.of(MethodHandles.lookup(), "state", int.class);
  private static final VarHandle SOURCE =
      Fields.of(MethodHandles.lookup(), "source", Flow.Subscription.class);

  /** A subscription to nothing. */
  static final Flow.Subscription NOTHING =
      new Flow.Subscription() {
        @Override
        public void request(long count) {}

        @Override
        public void cancel() {}
      };

  private final UntilCancelled until;
  private final Flow.Subscriber<? super T> target;

  /** Begins with onSubscribe under way: before it, there is nothing to end. */
  @SuppressWarnings("FieldMayBeFinal") // written through STATE
  private volatile int state = 1;

  /** Set once, by onSubscribe. */
  private volatile Flow.@Nullable Subscription source;

  /** Null if the token was cancelled before it began; set before the subscriber is told of this. */
  private volatile @Nullable CancellationRegistration registration;

  UntilSubscriber(UntilCancelled until, Flow.Subscriber<? super T> target) {
    this.until = until;
    this.target = Objects.requireNonNull(target, "subscriber");
  }

  // ---- what the publisher calls ----

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    Objects.requireNonNull(subscription, "subscription");
    Stack.reserve();
    if (!SOURCE.compareAndSet(this, null, subscription) || hasEnded()) {
      subscription.cancel();
      return;
    }
    try {
      watch();
      target.onSubscribe(this);
    } catch (Throwable e) {
      unregister();
      throw e;
    } finally {
      leave();
    }
  }

  private void watch() {
    if (until.token().isCancelled()) {
      stop();
      return;
    }
    CancellationRegistration made = until.token().onCancel(Lane.CALLBACKS, this::stop);
    registration = made;
    if (hasEnded()) { // meanwhile, by a publisher that does not wait for this
      made.unregister();
    }
  }

  @Override
  public void onNext(T item) {
    Objects.requireNonNull(item, "item");
    Stack.reserve(); // whoever begins a signal ends it
    if (until.token().isCancelled()) {
      stop();
    } else if (enter()) {
      try {
        target.onNext(item);
      } catch (Throwable e) {
        unregister();
        throw e;
      } finally {
        leave();
      }
    }
  }

  /** The publisher could not take this: nothing comes any more, unless it comes all the same. */
  void refused() {
    unregister();
  }

  @Override
  public void onError(Throwable failure) {
    Objects.requireNonNull(failure, "failure");
    Stack.reserve();
    if (mark(ENDED)) {
      unregister();
      target.onError(failure);
    }
  }

  @Override
  public void onComplete() {
    Stack.reserve();
    if (mark(ENDED)) {
      unregister();
      target.onComplete();
    }
  }

  // ---- what the subscriber calls ----

  @Override
  public void request(long count) {
    if (isLive(state)) {
      source().request(count);
    }
  }

  @Override
  public void cancel() {
    Stack.reserve();
    STATE.getAndBitwiseOr(this, ENDED);
    unregister();
    source().cancel();
  }

  // ---- what the token calls ----

  private void stop() {
    Stack.reserve();
    Flow.Subscription known = source;
    if (known != null && mark(ENDING)) { // before onSubscribe there is nothing to end
      try { // without anything for which there may be no memory
        known.cancel();
      } catch (Throwable e) {
        Foreign.report(e);
      }
      finish();
    }
  }

  // ---- the state ----

  private boolean hasEnded() {
    return (state & ENDED) != 0;
  }

  private static boolean isLive(int state) {
    return (state & (ENDING | ENDED)) == 0;
  }

  /** Counts a signal, if live (invariant 1). Each further turn means that somebody got ahead. */
  private boolean enter() {
    int seen = state;
    while (isLive(seen)) {
      int found = (int) STATE.compareAndExchange(this, seen, seen + 1);
      if (found == seen) {
        return true;
      }
      seen = found;
    }
    return false;
  }

  private void leave() {
    if ((int) STATE.getAndAdd(this, -1) - 1 == ENDING) {
      finish();
    }
  }

  /** Sets a flag, if live; tells whether it was this call. */
  private boolean mark(int flag) {
    int seen = state;
    while (isLive(seen)) {
      int found = (int) STATE.compareAndExchange(this, seen, seen | flag);
      if (found == seen) {
        return true;
      }
      seen = found;
    }
    return false;
  }

  /** Says the last word, if it is due (invariant 2). */
  private void finish() {
    if (STATE.compareAndSet(this, ENDING, ENDED)) {
      unregister();
      if (until.isThrowing()) {
        target.onError(cancelled());
      } else {
        target.onComplete();
      }
    }
  }

  /** If need be, when there is memory for it: nobody else says the last word. */
  private CancelledException cancelled() {
    while (true) {
      try {
        return new CancelledException(until.token());
      } catch (OutOfMemoryError e) {
        Stack.pause();
      }
    }
  }

  private void unregister() {
    CancellationRegistration known = registration;
    if (known != null) {
      known.unregister();
    }
  }

  private Flow.Subscription source() {
    return Objects.requireNonNull(source);
  }
}
