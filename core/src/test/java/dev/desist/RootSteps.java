package dev.desist;

import dev.desist.concurrent.Blocking;
import dev.desist.failing.Step;
import dev.desist.failing.Walk;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** Operations on tokens, and calls that are guarded, to be failed in each step. */
public final class RootSteps {
  private RootSteps() {}

  /** Walks over all of them. */
  public static void walk(Walk walk) throws Exception {
    walk.over("cancel", new Cancelling(source -> source.cancel()));
    walk.over("close", new Cancelling(CancellationSource::close));
    walk.over(
        "cancel at once",
        new Cancelling(source -> source.cancelAsync(CancellationReason.requested())));
    walk.over("cancel by a zero timeout", new Cancelling(s -> s.cancelAfter(Duration.ZERO)));
    walk.over("child", new Child());
    walk.over("link", new Link());
    walk.over("deadline", new Timed());
    walk.over("deadline that passes", new Passing());
    walk.over("registration", new Registration());
    walk.over("stage", new Stage());
    walk.over("wait", new Wait());
    walk.over("ambient", new Bound());
    walk.over("guarded call", new Guarded(false));
    walk.over("guarded call that is cancelled", new Guarded(true));
    walk.over("guarded calls, one inside the other", new Nested());
    walk.over("mask", new Masked(body -> Blocking.uninterruptibly(body::call)));
    walk.over("shield", new Masked(body -> Cancellation.shielded(body::call)));
    walk.over("closing", new Closing());
  }

  private static void hold(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }

  private interface Action<T> {
    void on(T subject) throws Exception;
  }

  private interface Around {
    Object call(Callable<Object> body) throws Exception;
  }

  /**
   * Either nothing has happened, or everything: every token, waiter and callback, and each once.
   */
  private static final class Cancelling implements Step {
    private final Action<CancellationSource> action;
    private final CancellationSource other = CancellationSource.create("other");
    private CancellationSource source = CancellationSource.create();
    private CancellationSource below = source;
    private CancellationSource deepest = source;
    private final AtomicInteger runs = new AtomicInteger();
    private CountDownLatch told = new CountDownLatch(0);

    Cancelling(Action<CancellationSource> action) {
      this.action = action;
    }

    @Override
    public void prepare() {
      source = CancellationSource.create("source");
      below = CancellationSource.linkedTo(source.token().child().token(), other.token());
      deepest = below.token().child("deepest");
      deepest.cancelAfter(Duration.ofHours(1));
      runs.set(0);
      told = new CountDownLatch(4);
      for (CancellationSource each : List.of(source, deepest)) {
        each.token().onCancel(this::run1);
        each.token().onCancel(Cancellation.dispatcher(), this::run1);
      }
    }

    private void run1() {
      runs.incrementAndGet();
      told.countDown();
    }

    @Override
    public void run() throws Exception {
      action.on(source);
    }

    @Override
    public void check(boolean done) throws Exception {
      boolean cancelled = source.isCancelled();
      if (!done) {
        checkInterrupts(); // which has whoever was not even called come
      }
      hold(cancelled || !done, "a call that returned has cancelled");
      for (CancellationSource each : List.of(below, deepest)) {
        if (cancelled && !done) { // another thread goes on with it
          hold(each.token().await(Duration.ofSeconds(10)), "below, there is " + each);
        } else {
          hold(each.isCancelled() == cancelled, "below, there is " + each);
        }
      }
      if (!cancelled) {
        hold(runs.get() == 0, "callbacks that ran: " + runs);
        source.cancel();
      }
      hold(told.await(10, TimeUnit.SECONDS), "callbacks that ran: " + runs);
      hold(runs.get() == 4, "callbacks that ran: " + runs);
      hold(Census.of(other).equals(Census.EMPTY), "left on the other parent: " + Census.of(other));
    }
  }

  /** A long-lived parent keeps nothing of children that could not be made, or closed. */
  private static final class Child implements Step {
    private final CancellationSource parent = CancellationSource.create("parent");

    @Override
    public void prepare() {}

    @Override
    public void run() {
      try (CancellationSource child = parent.token().child("child")) {
        hold(!child.isCancelled(), "a child is live");
      }
    }

    @Override
    public void check(boolean done) {
      if (done) {
        hold(Census.of(parent).callbacks() == 0, "callbacks on the parent");
      }
      try (CancellationSource child = parent.token().child()) {
        hold(!child.isCancelled(), "a child is live");
      }
    }
  }

  private static final class Link implements Step {
    private final CancellationSource one = CancellationSource.create("one");
    private final CancellationSource two = CancellationSource.create("two");

    @Override
    public void prepare() {}

    @Override
    public void run() {
      CancellationSource.linkedTo(one.token(), two.token()).close();
    }

    @Override
    public void check(boolean done) {
      var linked = CancellationSource.linkedTo(one.token(), two.token());
      hold(!linked.isCancelled(), "a linked source is live");
      linked.close();
    }
  }

  /** A deadline is set, and passes; or it is not, and was not. */
  private static final class Timed implements Step {
    private ManualTime time = new ManualTime();
    private CancellationSource source = CancellationSource.create();

    @Override
    public void prepare() throws Exception {
      time = new ManualTime();
      source = time.call(() -> CancellationSource.create("timed"));
    }

    @Override
    public void run() {
      source.cancelAfter(Duration.ofSeconds(1));
    }

    @Override
    public void check(boolean done) {
      boolean set = !source.token().deadline().isNone();
      hold(set || !done, "a call that returned has set it");
      time.advance(Duration.ofSeconds(2));
      hold(source.isCancelled() == set, "deadline " + set + ", " + source);
      source.close();
      hold(time.pending() == 0, "pending: " + time);
    }
  }

  /** A deadline that has passed cancels, and everybody is told, if not now, then next time. */
  private static final class Passing implements Step {
    private final AtomicInteger runs = new AtomicInteger();
    private ManualTime time = new ManualTime();
    private CancellationSource source = CancellationSource.create();

    @Override
    public void prepare() throws Exception {
      runs.set(0);
      time = new ManualTime();
      source = time.call(() -> CancellationSource.create("timed"));
      source.cancelAfter(Duration.ofSeconds(1));
      source.token().child().token().onCancel(runs::incrementAndGet);
      source.token().onCancel(Cancellation.dispatcher(), runs::incrementAndGet);
    }

    @Override
    public void run() {
      time.advance(Duration.ofSeconds(2));
    }

    @Override
    public void check(boolean done) throws Exception {
      checkInterrupts(); // which has whoever was not even called come
      hold(source.isCancelled() || !done, "it has passed");
      source.cancel();
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
      while (runs.get() < 2) {
        hold(System.nanoTime() < end, "callbacks that ran: " + runs + ", " + source);
        LockSupport.parkNanos(100_000);
      }
      hold(runs.get() == 2, "callbacks that ran: " + runs);
    }
  }

  private static final class Registration implements Step {
    private final CancellationSource source = CancellationSource.create("source");

    @Override
    public void prepare() {}

    @Override
    public void run() {
      source.token().onCancel(() -> {}).close();
      hold(source.token().onCancel(Cancellation.dispatcher(), () -> {}).unregister(), "in time");
    }

    @Override
    public void check(boolean done) {
      hold(Census.of(source).callbacks() == 0, "left: " + Census.of(source));
    }
  }

  /** Whatever stage anybody is given completes. */
  private static final class Stage implements Step {
    private CancellationSource source = CancellationSource.create();

    @Override
    public void prepare() {
      source = CancellationSource.create("source");
    }

    @Override
    public void run() {
      CompletionStage<CancellationReason> stage = source.token().whenCancelled();
      hold(!stage.toCompletableFuture().isDone(), "it is open");
    }

    @Override
    public void check(boolean done) throws Exception {
      var stage = source.token().whenCancelled().toCompletableFuture();
      source.cancel();
      stage.get(10, TimeUnit.SECONDS);
    }
  }

  private static final class Wait implements Step {
    private final CancellationSource source = CancellationSource.create("source");

    @Override
    public void prepare() {}

    @Override
    public void run() throws Exception {
      hold(!source.token().await(Duration.ofNanos(1)), "it is live");
    }

    @Override
    public void check(boolean done) {
      hold(Census.of(source).equals(Census.EMPTY), "left: " + Census.of(source));
    }
  }

  private static final class Bound implements Step {
    private final CancellationSource source = CancellationSource.create("source");

    @Override
    public void prepare() {}

    @Override
    public void run() throws Exception {
      Cancellation.call(source.token(), () -> Cancellation.shielded(Cancellation::current));
    }

    @Override
    public void check(boolean done) throws Exception {
      hold(Cancellation.current() == CancellationToken.none(), "bound: " + Cancellation.current());
      checkInterrupts();
    }
  }

  /** The thread's interrupts are in order: none is left, and the next one arrives. */
  private static void checkInterrupts() throws Exception {
    hold(!Thread.interrupted(), "no interrupt is left");
    try (var live = CancellationSource.create()) {
      hold(Blocking.interruptibly(live.token(), () -> 1) == 1, "a value");
      hold(!Thread.interrupted(), "no interrupt is left");
    }
    var next = CancellationSource.create("next");
    try {
      Blocking.interruptibly(
          next.token(),
          () -> {
            next.cancel();
            return new CountDownLatch(1).await(10, TimeUnit.SECONDS);
          });
      hold(false, "the next call is ended");
    } catch (CancelledException e) {
      hold(!Thread.interrupted(), "no interrupt is left");
    }
  }

  /** Its token may be cancelled inside, or when everything is over. */
  private static final class Guarded implements Step {
    private final boolean inside;
    private CancellationSource source = CancellationSource.create();

    Guarded(boolean inside) {
      this.inside = inside;
    }

    @Override
    public void prepare() {
      source = CancellationSource.create("source");
    }

    @Override
    public void run() throws Exception {
      try {
        Blocking.interruptibly(
            source.token(),
            () -> {
              if (inside) {
                source.cancel();
                new CountDownLatch(1).await(10, TimeUnit.SECONDS);
              }
              return 1;
            });
      } catch (CancelledException e) {
        hold(inside, "nobody has cancelled");
      }
    }

    @Override
    public void check(boolean done) throws Exception {
      hold(Census.of(source).callbacks() == 0, "left: " + Census.of(source));
      source.cancel();
      checkInterrupts();
    }
  }

  /** As a parser that makes a guarded call at each level. */
  private static final class Nested implements Step {
    private CancellationSource source = CancellationSource.create();
    private int levels;

    @Override
    public void prepare() {
      source = CancellationSource.create("source");
      levels = 0;
    }

    @Override
    public void run() throws Exception {
      descend(6);
    }

    private int descend(int more) throws Exception {
      levels++;
      return more == 0 ? levels : Blocking.interruptibly(source.token(), () -> descend(more - 1));
    }

    @Override
    public void check(boolean done) throws Exception {
      hold(Census.of(source).callbacks() == 0, "left: " + Census.of(source));
      source.cancel();
      checkInterrupts();
    }
  }

  private static final class Masked implements Step {
    private final Around around;

    Masked(Around around) {
      this.around = around;
    }

    @Override
    public void prepare() {}

    @Override
    public void run() throws Exception {
      around.call(() -> around.call(() -> 1));
    }

    @Override
    public void check(boolean done) throws Exception {
      checkInterrupts();
    }
  }

  private static final class Closing implements Step {
    private final CancellationSource source = CancellationSource.create("source");

    @Override
    public void prepare() {}

    @Override
    public void run() throws Exception {
      Blocking.closing(
          source.token(),
          () -> {
            throw new AssertionError("nobody has cancelled");
          },
          () -> 1);
    }

    @Override
    public void check(boolean done) {
      hold(Census.of(source).callbacks() == 0, "left: " + Census.of(source));
    }
  }
}
