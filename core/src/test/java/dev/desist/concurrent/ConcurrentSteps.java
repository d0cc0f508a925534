package dev.desist.concurrent;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Census;
import dev.desist.Deadline;
import dev.desist.Outcome;
import dev.desist.failing.Step;
import dev.desist.failing.Walk;
import dev.desist.internal.Foreign;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Operations of this package, to be failed in each step. */
public final class ConcurrentSteps {
  private static final Duration SOON = Duration.ofNanos(1);
  private static final Duration LONG = Duration.ofSeconds(20);

  private ConcurrentSteps() {}

  /** Walks over all of them. */
  public static void walk(Walk walk) throws Exception {
    events(walk);
    queues(walk);
    locks(walk);
    futures(walk);
    walk.over("latest", new Slot(false));
    walk.over("latest, one at a time", new Slot(true));
    walk.over("latest that is cancelled", new SlotCancelled(false));
    walk.over("latest that is closed", new SlotCancelled(true));
    walk.over("closing that is cancelled", new ClosingCancelled());
  }

  private static void hold(boolean condition, Object what) {
    if (!condition) {
      throw new AssertionError(String.valueOf(what));
    }
  }

  /** What waits or is registered nowhere leaves nothing; nobody's interrupt stays. */
  private static void nothingLeft(CancellationToken token) {
    hold(!Thread.interrupted(), "an interrupt is left");
    hold(Census.of(token).callbacks() == 0, "left: " + Census.of(token));
  }

  private static void soon(Condition0 condition, Object what) throws Exception {
    // The next step: whatever found neither memory nor a thread goes on.
    boolean _ =
        CancellationSource.create()
            .token()
            .onCancel(Cancellation.dispatcher(), () -> {})
            .unregister();
    long end = System.nanoTime() + LONG.toNanos();
    while (!condition.holds()) {
      hold(System.nanoTime() < end, what);
      LockSupport.parkNanos(100_000);
    }
  }

  private interface Condition0 {
    boolean holds() throws Exception;
  }

  private interface Body<T> {
    @Nullable Object on(T subject) throws Exception;
  }

  // ---- events, selects ----

  private static void events(Walk walk) throws Exception {
    walk.over("set an event", new Setting());
    walk.over("wait for an event", new Waiting(token -> Event.create().await(token, SOON)));
    walk.over("listen to an event", new Listening());
    walk.over("the stage of an event", new EventStage());
    walk.over(
        "select",
        new Waiting(
            token ->
                Select.biased(
                        Clause.happened(Event.<Integer>create(), value -> value),
                        Clause.taken(SelectableQueue.<Integer>unbounded(), value -> value),
                        Clause.completed(new CompletableFuture<Integer>(), value -> value),
                        Clause.passed(Deadline.after(SOON), () -> 0))
                    .await(token)));
    walk.over("select from a queue", new Selecting());
  }

  /** Either it is set, and everybody is told, once; or it can be. */
  private static final class Setting implements Step {
    private Event<String> event = Event.create();
    private final AtomicInteger told = new AtomicInteger();
    private CompletableFuture<String> stage = new CompletableFuture<>();

    @Override
    public void prepare() {
      event = Event.create("event");
      told.set(0);
      event.onSet(_ -> told.incrementAndGet());
      event.onSet(Cancellation.dispatcher(), _ -> told.incrementAndGet());
      stage = event.whenSet().toCompletableFuture();
    }

    @Override
    public void run() {
      hold(event.set("a"), "it was the first");
    }

    @Override
    public void check(boolean done) throws Exception {
      hold(event.isSet() || !done, "a call that returned has set it");
      if (!event.isSet()) {
        hold(told.get() == 0, "told: " + told);
        hold(event.value().isEmpty(), event.value());
      }
      boolean _ = event.set("b");
      String value = event.value().orElseThrow();
      hold(!done || value.equals("a"), value);
      hold(stage.get(20, TimeUnit.SECONDS).equals(value), "the stage's value");
      soon(() -> told.get() == 2, "told: " + told);
    }
  }

  /** A wait that ends by its time leaves nothing on the token. */
  private static final class Waiting implements Step {
    private final Body<CancellationToken> wait;
    private final CancellationSource source = CancellationSource.create("source");

    Waiting(Body<CancellationToken> wait) {
      this.wait = wait;
    }

    @Override
    public void prepare() {}

    @Override
    public void run() throws Exception {
      Object _ = wait.on(source.token());
    }

    @Override
    public void check(boolean done) {
      nothingLeft(source.token());
    }
  }

  private static final class Listening implements Step {
    private final Event<String> event = Event.create("event");

    @Override
    public void prepare() {}

    @Override
    public void run() {
      event.onSet(_ -> {}).close();
      hold(event.onSet(Cancellation.dispatcher(), _ -> {}).unregister(), "in time");
    }

    @Override
    public void check(boolean done) {
      nothingLeft(event.token());
    }
  }

  private static final class EventStage implements Step {
    private Event<String> event = Event.create();
    private @Nullable CompletionStage<String> given;

    @Override
    public void prepare() {
      event = Event.create("event");
      given = null;
    }

    @Override
    public void run() {
      given = event.whenSet();
    }

    @Override
    public void check(boolean done) throws Exception {
      boolean _ = event.set("a");
      hold(event.whenSet().toCompletableFuture().get(20, TimeUnit.SECONDS).equals("a"), "a");
      if (given != null) {
        hold(given.toCompletableFuture().get(20, TimeUnit.SECONDS).equals("a"), "a");
      }
    }
  }

  /** An element is the handler's, or still in the queue. */
  private static final class Selecting implements Step {
    private final SelectableQueue<String> queue = SelectableQueue.unbounded();
    private final CancellationSource source = CancellationSource.create("source");
    private final List<String> handled = new ArrayList<>(4);

    @Override
    public void prepare() {
      queue.clear();
      handled.clear();
      hold(queue.offer("a"), "it is unbounded");
    }

    @Override
    public void run() throws Exception {
      Select.fair(Clause.taken(queue, handled::add), Clause.cancelled(source.token(), _ -> false))
          .await(source.token());
    }

    @Override
    public void check(boolean done) {
      hold(queue.size() + handled.size() == 1, queue + ", " + handled);
      hold(!done || handled.size() == 1, handled);
      nothingLeft(source.token());
    }
  }

  // ---- queues ----

  private static void queues(Walk walk) throws Exception {
    CancellationSource live = CancellationSource.create("live");
    CancellationToken token = live.token();
    walk.over("announce", new Announcing(queue -> queue.offer("a")));
    walk.over(
        "announce a put",
        new Announcing(
            queue -> {
              queue.put("a");
              return true;
            }));
    for (boolean late : List.of(false, true)) {
      String way = late ? " that waits" : "";
      walk.over("take" + way, new Taking(late, queue -> List.of(Queues.take(token, queue))));
      walk.over(
          "poll" + way,
          new Taking(late, queue -> List.of(orNone(Queues.poll(token, queue, LONG)))));
      walk.over("drain" + way, new Taking(late, queue -> Queues.drain(token, queue, 4)));
      walk.over(
          "put" + way,
          new Putting(
              late,
              queue -> {
                Queues.put(token, queue, "a");
                return true;
              }));
      walk.over("offer" + way, new Putting(late, queue -> Queues.offer(token, queue, "a", LONG)));
    }
    walk.over(
        "poll in vain",
        new Waiting(one -> Queues.poll(one, new LinkedBlockingQueue<String>(), SOON)));
    hold(Census.of(token).callbacks() == 0, "left: " + Census.of(token));
  }

  private static String orNone(@Nullable String element) {
    return element == null ? "none" : element;
  }

  /** An element that is there has been announced to who selects. */
  private static final class Announcing implements Step {
    private final Body<SelectableQueue<String>> action;
    private SelectableQueue<String> queue = SelectableQueue.unbounded();
    private CancellationToken arrival = queue.arrival();

    Announcing(Body<SelectableQueue<String>> action) {
      this.action = action;
    }

    @Override
    public void prepare() {
      queue = SelectableQueue.bounded(2);
      arrival = queue.arrival();
    }

    @Override
    public void run() throws Exception {
      Object _ = action.on(queue);
    }

    @Override
    public void check(boolean done) throws Exception {
      hold(queue.size() == 1 || !done, queue);
      soon(() -> queue.isEmpty() || arrival.isCancelled(), queue + " and nobody was told");
    }
  }

  /** Has elements, or room, only for those who wait for them. */
  private static final class Late extends LinkedBlockingQueue<String> {
    private static final long serialVersionUID = 1;

    private final boolean late;

    Late(boolean late, int capacity) {
      super(capacity);
      this.late = late;
    }

    @Override
    public @Nullable String poll(long timeout, TimeUnit unit) throws InterruptedException {
      return late ? null : super.poll(timeout, unit);
    }

    @Override
    public boolean offer(String element, long timeout, TimeUnit unit) throws InterruptedException {
      return !late && super.offer(element, timeout, unit);
    }
  }

  /** What is taken is had, or still in the queue. */
  private static final class Taking implements Step {
    private final boolean late;
    private final Body<BlockingQueue<String>> action;
    private BlockingQueue<String> queue = new LinkedBlockingQueue<>();
    private @Nullable Object taken;

    Taking(boolean late, Body<BlockingQueue<String>> action) {
      this.late = late;
      this.action = action;
    }

    @Override
    public void prepare() {
      queue = new Late(late, 10);
      queue.addAll(List.of("a", "b"));
      taken = null;
    }

    @Override
    public void run() throws Exception {
      taken = action.on(queue);
    }

    @Override
    public void check(boolean done) throws Exception {
      var all = new ArrayList<Object>(taken == null ? List.of() : (List<?>) taken);
      hold(done != all.isEmpty(), all);
      all.addAll(queue);
      hold(all.equals(List.of("a", "b")), all);
      hold(!Thread.interrupted(), "an interrupt is left");
    }
  }

  /** What is put is in the queue, once; what is not said to be may be still the caller's. */
  private static final class Putting implements Step {
    private final boolean late;
    private final Body<BlockingQueue<String>> action;
    private BlockingQueue<String> queue = new LinkedBlockingQueue<>();

    Putting(boolean late, Body<BlockingQueue<String>> action) {
      this.late = late;
      this.action = action;
    }

    @Override
    public void prepare() {
      queue = new Late(late, 1);
    }

    @Override
    public void run() throws Exception {
      Object _ = action.on(queue);
    }

    @Override
    public void check(boolean done) {
      hold(queue.size() == (done ? 1 : 0), queue);
      hold(!Thread.interrupted(), "an interrupt is left");
    }
  }

  // ---- locks ----

  private static void locks(Walk walk) throws Exception {
    for (boolean late : List.of(false, true)) {
      String way = late ? " that waits" : "";
      walk.over("lock" + way, new Locking(late, false));
      walk.over("try to lock" + way, new Locking(late, true));
      walk.over("permits" + way, new Acquiring(late, false));
      walk.over("try permits" + way, new Acquiring(late, true));
    }
    walk.over("lock in vain", new InVain());
    walk.over("condition", new Conditional());
    var closed = new CountDownLatch(1);
    walk.over(
        "latch", new Waiting(token -> Blocking.interruptibly(token, SOON, () -> closed.await())));
    var forEver = Thread.ofPlatform().daemon().start(() -> until(closed));
    walk.over(
        "join", new Waiting(token -> Blocking.interruptibly(token, SOON, () -> forEver.join())));
  }

  private static void until(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      // it is over
    }
  }

  /** Free only to those who wait. */
  private static final class LateLock extends ReentrantLock {
    private static final long serialVersionUID = 1;

    private final boolean late;

    LateLock(boolean late) {
      this.late = late;
    }

    @Override
    public boolean tryLock(long timeout, TimeUnit unit) throws InterruptedException {
      return !late && super.tryLock(timeout, unit);
    }
  }

  private static final class Locking implements Step {
    private final LateLock lock;
    private final boolean limited;
    private final CancellationSource source = CancellationSource.create("source");

    Locking(boolean late, boolean limited) {
      this.lock = new LateLock(late);
      this.limited = limited;
    }

    @Override
    public void prepare() {}

    @Override
    public void run() throws Exception {
      if (limited) {
        hold(Locks.tryLock(source.token(), lock, LONG), "it is free");
      } else {
        Locks.lock(source.token(), lock);
      }
    }

    @Override
    public void check(boolean done) {
      hold(lock.getHoldCount() == (done ? 1 : 0), "held: " + lock.getHoldCount());
      if (done) {
        lock.unlock();
      }
      nothingLeft(source.token());
    }
  }

  private static final class InVain implements Step {
    private final Lock lock = new ReentrantLock();
    private final CancellationSource source = CancellationSource.create("source");

    InVain() throws Exception {
      Thread.ofPlatform().start(lock::lock).join();
    }

    @Override
    public void prepare() {}

    @Override
    public void run() throws Exception {
      hold(!Locks.tryLock(source.token(), lock, SOON), "somebody has it for ever");
    }

    @Override
    public void check(boolean done) {
      nothingLeft(source.token());
    }
  }

  private static final class LateSemaphore extends Semaphore {
    private static final long serialVersionUID = 1;

    private final boolean late;

    LateSemaphore(boolean late) {
      super(3);
      this.late = late;
    }

    @Override
    public boolean tryAcquire(int permits, long timeout, TimeUnit unit)
        throws InterruptedException {
      return !late && super.tryAcquire(permits, timeout, unit);
    }
  }

  private static final class Acquiring implements Step {
    private final Semaphore semaphore;
    private final boolean limited;
    private final CancellationSource source = CancellationSource.create("source");

    Acquiring(boolean late, boolean limited) {
      this.semaphore = new LateSemaphore(late);
      this.limited = limited;
    }

    @Override
    public void prepare() {}

    @Override
    public void run() throws Exception {
      if (limited) {
        hold(Locks.tryAcquire(source.token(), semaphore, 2, LONG), "they are there");
      } else {
        Locks.acquire(source.token(), semaphore, 2);
      }
    }

    @Override
    public void check(boolean done) {
      hold(semaphore.availablePermits() == (done ? 1 : 3), semaphore);
      if (done) {
        semaphore.release(2);
      }
      nothingLeft(source.token());
    }
  }

  /** The caller has the lock afterwards, as before. */
  private static final class Conditional implements Step {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition condition = lock.newCondition();
    private final CancellationSource source = CancellationSource.create("source");

    @Override
    public void prepare() {
      lock.lock();
    }

    @SuppressWarnings("WaitNotInLoop") // nobody signals
    @Override
    public void run() throws Exception {
      hold(
          !Blocking.interruptibly(source.token(), SOON, () -> condition.await()), "nobody signals");
    }

    @Override
    public void check(boolean done) {
      hold(lock.getHoldCount() == 1, "held: " + lock.getHoldCount());
      hold(!lock.hasWaiters(condition), "a waiter is left");
      lock.unlock();
      nothingLeft(source.token());
    }
  }

  // ---- futures ----

  private static void futures(Walk walk) throws Exception {
    walk.over("submit", new Submitting(false));
    walk.over("submit to a pool", new Submitting(true));
    walk.over("an executor under a token", new UnderExecutor());
    walk.over("under", new Under(false));
    walk.over("under, complete", new Under(true));
    walk.over("cancel a future", new Ending(future -> future.cancel(true)));
    walk.over("complete a future", new Ending(future -> future.complete("other")));
    walk.over(
        "fail a future", new Ending(future -> future.completeExceptionally(new Exception("x"))));
    walk.over(
        "obtrude a value",
        new Ending(
            future -> {
              future.obtrudeValue("other");
              return true;
            }));
    walk.over(
        "obtrude a failure",
        new Ending(
            future -> {
              future.obtrudeException(new Exception("x"));
              return true;
            }));
    walk.over(
        "complete by an executor",
        new Ending(future -> future.completeAsync(() -> "other", Runnable::run)));
    walk.over(
        "cancel a derived future",
        new Ending(future -> future.thenApply(value -> value + "!").cancel(true)));
    walk.over("compose", new Composing());
    walk.over("a timeout of a future", new TimingOut());
    var open = new CompletableFuture<String>();
    walk.over(
        "wait for a future",
        new Waiting(
            token -> {
              try (CancellationSource limit = token.childWithTimeout(Duration.ofMillis(1))) {
                return Futures.await(limit.token(), open);
              } catch (CancelledException e) {
                return true;
              }
            }));
    walk.over("wait for a future, or cancel it", new AwaitOrCancel());
    walk.over(
        "wait for a future that is there",
        new Waiting(token -> Futures.await(token, CompletableFuture.completedFuture("a"))));
  }

  /** A value is the future's, or disposed of, or was never made; nothing stays on the token. */
  private static final class Submitting implements Step {
    private final ExecutorService pool =
        Executors.newFixedThreadPool(1, Thread.ofVirtual().factory());
    private final Executor executor;
    private final CancellationSource source = CancellationSource.create("source");
    private final AtomicInteger made = new AtomicInteger();
    private final AtomicInteger disposed = new AtomicInteger();
    private final Semaphore ended = new Semaphore(0);
    private @Nullable CompletableFuture<String> future;

    Submitting(boolean pooled) {
      this.executor = pooled ? pool : Runnable::run;
    }

    @Override
    public void prepare() {
      made.set(0);
      disposed.set(0);
      ended.drainPermits();
      future = null;
    }

    @Override
    public void run() {
      future =
          Futures.submit(
              source.token(),
              executor,
              () -> {
                made.incrementAndGet();
                return "a";
              },
              _ -> disposed.incrementAndGet());
    }

    @Override
    public void check(boolean done) throws Exception {
      CompletableFuture<String> given = future;
      if (given != null) {
        try {
          hold(given.get(20, TimeUnit.SECONDS).equals("a"), given);
          hold(made.get() == 1 && disposed.get() == 0, made + ", " + disposed);
        } catch (ExecutionException e) {
          hold(Foreign.find(e, VirtualMachineError.class::isInstance) != null, e);
          soon(() -> made.get() == disposed.get(), made + ", " + disposed);
        }
      }
      soon(() -> Census.of(source.token()).callbacks() == 0, "left: " + Census.of(source.token()));
    }
  }

  private static final class UnderExecutor implements Step {
    private final CancellationSource source = CancellationSource.create("source");
    private final ExecutorService executor =
        Futures.executor(
            source.token(), Executors.newFixedThreadPool(1, Thread.ofVirtual().factory()));
    private final AtomicInteger runs = new AtomicInteger();
    private @Nullable CompletableFuture<?> submitted;

    @Override
    public void prepare() {
      runs.set(0);
      submitted = null;
    }

    @Override
    public void run() {
      submitted = (CompletableFuture<?>) executor.submit(runs::incrementAndGet);
      executor.execute(runs::incrementAndGet);
    }

    @Override
    public void check(boolean done) throws Exception {
      CompletableFuture<?> given = submitted;
      if (given != null) {
        try {
          given.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
          hold(Foreign.find(e, VirtualMachineError.class::isInstance) != null, e);
        }
      }
      hold(executor.submit(() -> 1).get(20, TimeUnit.SECONDS) == 1, "later use");
      hold(!done || runs.get() <= 2, "runs: " + runs);
      soon(() -> Census.of(source.token()).callbacks() == 0, "left: " + Census.of(source.token()));
    }
  }

  /** Whoever has the linked future is told; nothing stays on the token. */
  private static final class Under implements Step {
    private final boolean complete;
    private final CancellationSource source = CancellationSource.create("source");
    private CompletableFuture<String> theirs = new CompletableFuture<>();
    private @Nullable CompletableFuture<String> linked;

    Under(boolean complete) {
      this.complete = complete;
    }

    @Override
    public void prepare() {
      theirs = new CompletableFuture<>();
      linked = null;
      if (complete) {
        theirs.complete("a");
      }
    }

    @Override
    public void run() {
      linked = Futures.under(source.token(), theirs);
    }

    @Override
    public void check(boolean done) throws Exception {
      theirs.complete("a");
      CompletableFuture<String> given = linked;
      if (given != null) {
        try {
          hold(given.get(20, TimeUnit.SECONDS).equals("a"), given);
        } catch (ExecutionException e) {
          hold(Foreign.find(e, VirtualMachineError.class::isInstance) != null, e);
        }
      }
      soon(() -> Census.of(source.token()).callbacks() == 0, "left: " + Census.of(source.token()));
    }
  }

  /** The future ends, and its work is told; or neither. */
  private static final class Ending implements Step {
    private final Body<CompletableFuture<String>> action;
    private final CancellationSource source = CancellationSource.create("source");
    private final AtomicInteger made = new AtomicInteger();
    private final AtomicInteger over = new AtomicInteger();
    private final AtomicInteger disposed = new AtomicInteger();
    private Event<CancellationToken> begun = Event.create();
    private CompletableFuture<String> future = new CompletableFuture<>();
    private CompletableFuture<String> told = new CompletableFuture<>();

    Ending(Body<CompletableFuture<String>> action) {
      this.action = action;
    }

    @Override
    public void prepare() throws Exception {
      made.set(0);
      over.set(0);
      disposed.set(0);
      Event<CancellationToken> begins = Event.create();
      begun = begins;
      future =
          Futures.submit(
              source.token(),
              Thread::startVirtualThread,
              () -> {
                boolean _ = begins.set(Cancellation.current());
                try {
                  boolean _ = Cancellation.current().await(LONG);
                  made.incrementAndGet();
                  return "late";
                } finally {
                  over.incrementAndGet();
                }
              },
              _ -> disposed.incrementAndGet());
      told = future.handle((_, _) -> "told");
      begun.await(CancellationToken.none());
    }

    @Override
    public void run() throws Exception {
      Object _ = action.on(future);
    }

    @Override
    public void check(boolean done) throws Exception {
      CancellationToken work = begun.value().orElseThrow();
      hold(!done || future.isDone() || work.isCancelled(), "a call that returned has ended it");
      if (future.isDone() && told.isDone()) {
        soon(work::isCancelled, "the future has ended, the work has not been told");
      } else {
        boolean _ = future.cancel(true);
        hold(future.isDone(), future);
        soon(work::isCancelled, "a later cancel reaches the work");
      }
      hold(told.get(20, TimeUnit.SECONDS).equals("told"), "those who wait are told");
      soon(() -> over.get() == 1, "the work comes to its end");
      soon(
          () -> disposed.get() + (hasValue(future) ? 1 : 0) == made.get(),
          "a late value is disposed of, or had: " + disposed + ", " + future);
      soon(() -> Census.of(source.token()).callbacks() == 0, "left: " + Census.of(source.token()));
    }
  }

  private static boolean hasValue(CompletableFuture<String> future) {
    return future.state() == Future.State.SUCCESS && future.resultNow().equals("late");
  }

  /** What a stage has started is reached. */
  private static final class Composing implements Step {
    private final CancellationSource source = CancellationSource.create("source");
    private @Nullable CompletableFuture<String> future;

    @Override
    public void prepare() {
      future = null;
    }

    @Override
    public void run() {
      future =
          Futures.submit(source.token(), Runnable::run, () -> "a")
              .thenCompose(
                  a -> Futures.submit(source.token(), Thread::startVirtualThread, () -> a + "b"))
              .exceptionallyCompose(CompletableFuture::failedFuture);
    }

    @Override
    public void check(boolean done) throws Exception {
      CompletableFuture<String> given = future;
      if (given != null) {
        try {
          hold(given.get(20, TimeUnit.SECONDS).equals("ab"), given);
        } catch (ExecutionException e) {
          hold(Foreign.find(e, VirtualMachineError.class::isInstance) != null, e);
        }
      }
      soon(() -> Census.of(source.token()).callbacks() == 0, "left: " + Census.of(source.token()));
    }
  }

  /** The timer keeps nothing of a future that has ended. */
  private static final class TimingOut implements Step {
    private final CancellationSource source = CancellationSource.create("source");
    private ManualTime time = new ManualTime();
    private CompletableFuture<String> future = new CompletableFuture<>();

    @Override
    public void prepare() {
      time = new ManualTime();
      future = Futures.submit(source.token(), _ -> {}, () -> "a");
    }

    @Override
    public void run() throws Exception {
      Object _ = time.call(() -> future.orTimeout(1, TimeUnit.SECONDS));
    }

    @Override
    public void check(boolean done) throws Exception {
      hold(!done || time.pending() == 1, time);
      boolean _ = future.cancel(true);
      if (done) {
        hold(time.pending() == 0, "pending: " + time);
      }
      soon(() -> Census.of(source.token()).callbacks() == 0, "left: " + Census.of(source.token()));
    }
  }

  private static final class AwaitOrCancel implements Step {
    private final CancellationSource source = CancellationSource.create("source");
    private CompletableFuture<String> future = new CompletableFuture<>();

    @Override
    public void prepare() {
      future = new CompletableFuture<>();
    }

    @Override
    public void run() throws Exception {
      try (CancellationSource limit = source.token().childWithTimeout(Duration.ofMillis(1))) {
        String _ = Futures.awaitOrCancel(limit.token(), future);
      } catch (CancelledException e) {
        // as it should be
      }
    }

    @Override
    public void check(boolean done) throws Exception {
      if (done) {
        soon(future::isCancelled, "it is cancelled");
      }
      nothingLeft(source.token());
    }
  }

  // ---- latest ----

  /** Each outcome is delivered or its value disposed of; the next one is delivered. */
  private static final class Slot implements Step {
    private final boolean oneAtATime;
    private final AtomicInteger delivered = new AtomicInteger();
    private final AtomicInteger disposed = new AtomicInteger();
    private final AtomicInteger made = new AtomicInteger();
    private Latest<String> slot;
    private @Nullable CompletionStage<Outcome<String>> stage;
    private CompletionStage<Outcome<String>> first;
    private CancellationToken running = CancellationToken.none();

    Slot(boolean oneAtATime) {
      this.oneAtATime = oneAtATime;
      slot = open();
      first = CompletableFuture.completedStage(new Outcome.Success<>("0"));
    }

    private Latest<String> open() {
      return Latest.open(
          CancellationToken.none(),
          Runnable::run,
          outcome -> {
            if (outcome instanceof Outcome.Success<String>) {
              delivered.incrementAndGet();
            }
          },
          options ->
              (oneAtATime ? options.withOneAtATime() : options)
                  .withDisposer(_ -> disposed.incrementAndGet()));
    }

    private String make(String value) {
      made.incrementAndGet();
      return value;
    }

    @Override
    public void prepare() throws Exception {
      slot = open();
      Event<CancellationToken> begun = Event.create();
      first =
          slot.submit(
              () -> {
                boolean _ = begun.set(Cancellation.current());
                boolean _ = Cancellation.current().await(LONG);
                return make("0");
              });
      running = begun.await(CancellationToken.none());
      delivered.set(0);
      disposed.set(0);
      made.set(0);
      stage = null;
    }

    @Override
    public void run() {
      stage = slot.submit(() -> make("1"));
    }

    @Override
    public void check(boolean done) throws Exception {
      CompletionStage<Outcome<String>> given = stage;
      if (given != null) {
        Object _ = given.toCompletableFuture().get(20, TimeUnit.SECONDS);
        soon(running::isCancelled, "the one before is cancelled");
      }
      CompletionStage<Outcome<String>> last = slot.submit(() -> make("2"));
      Outcome<String> outcome = last.toCompletableFuture().get(20, TimeUnit.SECONDS);
      hold(outcome.equals(new Outcome.Success<>("2")), outcome);
      Object _ = first.toCompletableFuture().get(20, TimeUnit.SECONDS);
      soon(running::isCancelled, "the one before is cancelled");
      soon( // what was superseded, and what nobody has the stage of, may end later
          () -> delivered.get() + disposed.get() == made.get(),
          made + " made, " + delivered + " delivered, " + disposed + " disposed of");
      slot.close();
      soon(() -> Census.of(slot.token()).callbacks() == 0, "left: " + Census.of(slot.token()));
    }
  }

  private static final class SlotCancelled implements Step {
    private final boolean close;
    private Latest<String> slot = Latest.open(CancellationToken.none(), Runnable::run, _ -> {});
    private CompletionStage<Outcome<String>> stage = slot.submit(() -> "0");

    SlotCancelled(boolean close) {
      this.close = close;
    }

    @Override
    public void prepare() throws Exception {
      slot = Latest.open(CancellationToken.none(), Runnable::run, _ -> {});
      Event<Boolean> begun = Event.create();
      stage =
          slot.submit(
              () -> {
                boolean _ = begun.set(true);
                Cancellation.sleep(LONG);
                return "0";
              });
      begun.await(CancellationToken.none());
    }

    @Override
    public void run() {
      if (close) {
        slot.close();
      } else {
        slot.cancel(CancellationReason.requested());
      }
    }

    @Override
    public void check(boolean done) throws Exception {
      if (!done) {
        slot.close();
      }
      Outcome<String> outcome = stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
      boolean failed =
          outcome instanceof Outcome.Failure<String>(Throwable e) && e instanceof OutOfMemoryError;
      hold(outcome instanceof Outcome.Cancelled<String> || (failed && !done), outcome);
      slot.close();
    }
  }

  // ---- guarded ----

  /** The closer is called once, or not at all. */
  private static final class ClosingCancelled implements Step {
    private CancellationSource source = CancellationSource.create("source");
    private CountDownLatch closed = new CountDownLatch(1);
    private final AtomicInteger closes = new AtomicInteger();

    @Override
    public void prepare() {
      source = CancellationSource.create("source");
      closed = new CountDownLatch(1);
      closes.set(0);
    }

    @Override
    public void run() throws Exception {
      Callable<Boolean> body =
          () -> {
            source.cancel();
            return closed.await(20, TimeUnit.SECONDS);
          };
      try {
        boolean _ =
            Blocking.closing(
                source.token(),
                () -> {
                  closes.incrementAndGet();
                  closed.countDown();
                },
                body::call);
        hold(false, "it was cancelled");
      } catch (CancelledException e) {
        hold(closes.get() == 1, "closed: " + closes);
      }
    }

    @Override
    public void check(boolean done) {
      hold(closes.get() <= 1, "closed: " + closes);
      nothingLeft(source.token());
    }
  }
}
