package dev.desist.stream;

import dev.desist.CancellationSource;
import dev.desist.Census;
import dev.desist.failing.Step;
import dev.desist.failing.Walk;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Operations of this package, to be failed in each step. */
public final class StreamSteps {
  private StreamSteps() {}

  /** Walks over all of them. */
  public static void walk(Walk walk) throws Exception {
    walk.over("iterator", new Iterating());
    walk.over("items", new Items());
    walk.over("stream", new Streaming());
    for (Flowing.Signal each : Flowing.Signal.values()) {
      walk.over("subscriber: " + each, new Flowing(each, false));
      walk.over("subscriber that is to throw: " + each, new Flowing(each, true));
    }
  }

  private static void hold(boolean condition, Object what) {
    if (!condition) {
      throw new AssertionError(String.valueOf(what));
    }
  }

  /** An item is handed over, or comes next. */
  private static final class Iterating implements Step {
    private final CancellationSource source = CancellationSource.create("source");
    private Iterator<String> items = List.<String>of().iterator();
    private @Nullable String taken;

    @Override
    public void prepare() {
      items = UntilCancelled.thenThrow(source.token()).iterator(List.of("a", "b").iterator());
      taken = null;
    }

    @Override
    public void run() {
      if (items.hasNext()) {
        taken = items.next();
      }
    }

    @Override
    public void check(boolean done) {
      var all = new ArrayList<String>();
      if (taken != null) {
        all.add(taken);
      }
      items.forEachRemaining(all::add);
      hold(all.equals(List.of("a", "b")), all);
    }
  }

  /** What a call has given is handed over; what it has not is still in the queue. */
  private static final class Items implements Step {
    private final CancellationSource source = CancellationSource.create("source");
    private final LinkedBlockingQueue<String> queue = new LinkedBlockingQueue<>();
    private Iterator<String> items = List.<String>of().iterator();
    private @Nullable String taken;

    @Override
    public void prepare() {
      queue.clear();
      queue.addAll(List.of("a", "b"));
      items = UntilCancelled.thenEnd(source.token()).<String>items(queue::poll).iterator();
      taken = null;
    }

    @Override
    public void run() {
      if (items.hasNext()) {
        taken = items.next();
      }
    }

    @Override
    public void check(boolean done) {
      var all = new ArrayList<String>();
      if (taken != null) {
        all.add(taken);
      }
      items.forEachRemaining(all::add);
      hold(all.equals(List.of("a", "b")), all);
    }
  }

  private static final class Streaming implements Step {
    private final CancellationSource source = CancellationSource.create("source");

    @Override
    public void prepare() {}

    @Override
    public void run() {
      List<Integer> all =
          UntilCancelled.thenThrow(source.token()).every(2).stream(List.of(1, 2, 3).stream())
              .toList();
      hold(all.equals(List.of(1, 2, 3)), all);
    }

    @Override
    public void check(boolean done) {
      hold(Census.of(source.token()).callbacks() == 0, "left: " + Census.of(source.token()));
    }
  }

  /** Whatever signal fails, the last word is said once, and nothing stays on the token. */
  private static final class Flowing implements Step, Flow.Subscriber<String>, Flow.Subscription {
    enum Signal {
      SUBSCRIBE,
      NEXT,
      COMPLETE,
      ERROR,
      CANCEL,
      TOKEN
    }

    private final Signal signal;
    private final boolean throwing;
    private CancellationSource source = CancellationSource.create("source");
    private Flow.Subscriber<String> until = this;
    private Flow.@Nullable Subscription given;
    private final AtomicInteger items = new AtomicInteger();
    private final AtomicInteger lastWords = new AtomicInteger();
    private final AtomicInteger cancels = new AtomicInteger();

    Flowing(Signal signal, boolean throwing) {
      this.signal = signal;
      this.throwing = throwing;
    }

    @Override
    public void prepare() {
      source = CancellationSource.create("source");
      until =
          (throwing
                  ? UntilCancelled.thenThrow(source.token())
                  : UntilCancelled.thenEnd(source.token()))
              .subscriber(this);
      given = null;
      items.set(0);
      lastWords.set(0);
      cancels.set(0);
      if (signal != Signal.SUBSCRIBE) {
        until.onSubscribe(this);
      }
      if (signal == Signal.TOKEN) {
        // Cancelled without the dispatcher's being quicker: the next signal is to notice.
        source.cancel();
      }
    }

    @Override
    public void run() {
      switch (signal) {
        case SUBSCRIBE -> until.onSubscribe(this);
        case NEXT, TOKEN -> until.onNext("a");
        case COMPLETE -> until.onComplete();
        case ERROR -> until.onError(new Exception("x"));
        case CANCEL -> {
          if (given != null) {
            given.cancel();
          }
        }
      }
    }

    @Override
    public void check(boolean done) throws Exception {
      hold(items.get() == (done && signal == Signal.NEXT ? 1 : 0), items);
      if (given == null) { // it never began, or its token has nobody to tell
        hold(!done, "a subscription is given");
        source.cancel();
        return;
      }
      boolean over = lastWords.get() + cancels.get() > 0;
      source.cancel();
      if (done && signal == Signal.CANCEL) {
        hold(lastWords.get() == 0, "nothing is said to who does not want it");
      } else {
        long end = System.nanoTime() + 20_000_000_000L;
        while (lastWords.get() == 0 && (!over || signal != Signal.CANCEL)) {
          hold(System.nanoTime() < end, "the last word is never said, " + done);
          LockSupport.parkNanos(100_000);
        }
        hold(lastWords.get() <= 1, "last words: " + lastWords);
      }
    }

    // ---- the subscriber, and the subscription of the publisher ----

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      given = subscription;
    }

    @Override
    public void onNext(String item) {
      items.incrementAndGet();
    }

    @Override
    public void onError(Throwable failure) {
      lastWords.incrementAndGet();
    }

    @Override
    public void onComplete() {
      lastWords.incrementAndGet();
    }

    @Override
    public void request(long count) {}

    @Override
    public void cancel() {
      cancels.incrementAndGet();
    }
  }
}
