package dev.desist.concurrent;

import static dev.desist.support.ForeignCode.assertThrown;
import static dev.desist.support.ForeignCode.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationCallbackException;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Census;
import dev.desist.Deadline;
import dev.desist.Outcome;
import dev.desist.support.ForeignCode;
import dev.desist.testkit.Hygiene;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.BlockingDeque;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TransferQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Code of users in every place where this package calls it, failing in every way: nobody hangs, a
 * value is delivered once or disposed of once, no thread stays interrupted, the token keeps
 * nothing, and what comes after works.
 */
@ExtendWith(Hygiene.class)
@Timeout(60)
@SuppressWarnings({"FutureReturnValueIgnored", "TypeParameterUnusedInFormals", "WaitNotInLoop"})
class ConcurrentForeignCodeTest {
  // ---- executors ----

  /** What an executor does with a task. */
  private enum Manner {
    RUNS,
    RUNS_TWICE,
    RUNS_AND_THROWS,
    RUNS_LATER,
    KEEPS_AND_THROWS,
    RUNS_ON_A_THREAD,
    RUNS_ON_A_THREAD_AND_THROWS,
    THROWS,
    DROPS
  }

  private static final class HostileExecutor implements Executor {
    final ConcurrentLinkedQueue<Runnable> kept = new ConcurrentLinkedQueue<>();
    private final Manner manner;
    private final Throwable thrown;

    HostileExecutor(Manner manner, Throwable thrown) {
      this.manner = manner;
      this.thrown = thrown;
    }

    @Override
    public void execute(Runnable task) {
      switch (manner) {
        case RUNS -> task.run();
        case RUNS_TWICE -> {
          task.run();
          task.run();
        }
        case RUNS_AND_THROWS -> {
          task.run();
          ForeignCode.sneak(thrown);
        }
        case RUNS_LATER -> kept.add(task);
        case KEEPS_AND_THROWS -> {
          kept.add(task);
          ForeignCode.sneak(thrown);
        }
        case RUNS_ON_A_THREAD -> Thread.startVirtualThread(task);
        case RUNS_ON_A_THREAD_AND_THROWS -> {
          Thread.startVirtualThread(task);
          ForeignCode.sneak(thrown);
        }
        case THROWS -> ForeignCode.sneak(thrown);
        case DROPS -> {}
      }
    }

    /** Runs what was kept, twice. */
    void catchUp() {
      for (Runnable task = kept.poll(); task != null; task = kept.poll()) {
        task.run();
        task.run();
      }
    }
  }

  /** Counts what becomes of values. */
  private static final class Ledger {
    final AtomicInteger made = new AtomicInteger();
    final AtomicInteger delivered = new AtomicInteger();
    final AtomicInteger disposed = new AtomicInteger();

    Object make() {
      made.incrementAndGet();
      return this;
    }

    void dispose(Object value) {
      assertSame(this, value);
      disposed.incrementAndGet();
    }

    void isBalanced() {
      eventually(() -> made.get() == delivered.get() + disposed.get());
    }
  }

  private final CancellationSource source = CancellationSource.create("request");

  private void tokenKeepsNothing() {
    eventually(() -> Census.of(source.token()).equals(Census.EMPTY));
  }

  private void theNextWorks() throws Exception {
    assertEquals("next", Futures.submit(source.token(), Runnable::run, () -> "next").get());
  }

  @TestFactory
  List<DynamicTest> an_executor_of_futures_runs_the_work_once_or_never() {
    return ForeignCode.forAll(
        thrown -> {
          for (Manner manner : Manner.values()) {
            var executor = new HostileExecutor(manner, thrown);
            var ledger = new Ledger();
            CompletableFuture<Object> future = null;
            try {
              future = Futures.submit(source.token(), executor, ledger::make, ledger::dispose);
            } catch (Throwable e) {
              assertThrown(thrown, e);
            }
            executor.catchUp();
            if (future == null) { // refused: it never begins
              if (manner != Manner.RUNS_ON_A_THREAD_AND_THROWS) { // where either is first
                assertTrue(
                    List.of(Manner.THROWS, Manner.KEEPS_AND_THROWS).contains(manner),
                    manner::toString);
              }
              assertEquals(0, ledger.made.get());
            } else {
              if (manner == Manner.DROPS) {
                future.cancel(true);
                assertThrows(CancelledException.class, future::get);
              } else {
                assertSame(ledger, future.get(20, TimeUnit.SECONDS), manner::toString);
                ledger.delivered.incrementAndGet();
              }
              ledger.isBalanced();
            }
            tokenKeepsNothing();
            theNextWorks();
          }
        });
  }

  /** The same for the executor of the tasks and the one that delivers, each with each. */
  @TestFactory
  List<DynamicTest> executors_of_a_slot_lose_no_value_and_deliver_none_twice() {
    return ForeignCode.forAll(
        thrown -> {
          for (Manner running : Manner.values()) {
            for (Manner delivering : Manner.values()) {
              var runs = new HostileExecutor(running, thrown);
              var delivers = new HostileExecutor(delivering, thrown);
              var ledger = new Ledger();
              Latest<Object> latest =
                  Cancellation.call(
                      source.token(),
                      () ->
                          Latest.open(
                              CancellationToken.none(),
                              delivers,
                              outcome -> {
                                if (outcome instanceof Outcome.Success<Object>) {
                                  ledger.delivered.incrementAndGet();
                                }
                              },
                              options -> options.withExecutor(runs).withDisposer(ledger::dispose)));
              CompletionStage<Outcome<Object>> ended = null;
              try {
                ended = latest.submit(ledger::make);
              } catch (Throwable e) {
                assertThrown(thrown, e);
              }
              runs.catchUp();
              if (ended != null && running != Manner.DROPS) {
                var outcome = ended.toCompletableFuture().get(20, TimeUnit.SECONDS);
                assertInstanceOf(Outcome.Success.class, outcome);
                assertEquals(1, ledger.made.get());
              }
              latest.close();
              delivers.catchUp();
              ledger.isBalanced();
              tokenKeepsNothing();
            }
          }
        });
  }

  @TestFactory
  List<DynamicTest> a_slot_goes_on_after_an_executor_that_fails() {
    return ForeignCode.forAll(
        thrown -> {
          for (Manner manner : Manner.values()) {
            var failing = new HostileExecutor(manner, thrown);
            var first = new AtomicInteger();
            var delivered = new AtomicInteger();
            Executor once =
                task -> {
                  if (first.getAndIncrement() == 0) {
                    failing.execute(task);
                  } else {
                    task.run();
                  }
                };
            try (Latest<Object> latest =
                Latest.<Object>open(
                    CancellationToken.none(),
                    once,
                    outcome -> {
                      if (outcome.equals(new Outcome.Success<Object>("second"))) {
                        delivered.incrementAndGet();
                      }
                    },
                    options -> options.withExecutor(Runnable::run).withOneAtATime())) {
              latest.submit(() -> "first");
              latest.submit(() -> "second");
              assertEquals(1, delivered.get(), manner::toString);
            }
          }
        });
  }

  @TestFactory
  List<DynamicTest> an_executor_service_under_a_token_passes_on_what_it_throws() {
    return ForeignCode.forAll(
        thrown -> {
          for (Manner manner : Manner.values()) {
            var hostile = new HostileExecutor(manner, thrown);
            var service =
                new AbstractExecutorService() {
                  @Override
                  public void execute(Runnable task) {
                    hostile.execute(task);
                  }

                  @Override
                  public void shutdown() {
                    ForeignCode.sneak(thrown);
                  }

                  @Override
                  public List<Runnable> shutdownNow() {
                    return ForeignCode.sneak(thrown);
                  }

                  @Override
                  public boolean isShutdown() {
                    return ForeignCode.sneak(thrown);
                  }

                  @Override
                  public boolean isTerminated() {
                    return true;
                  }

                  @Override
                  public boolean awaitTermination(long timeout, TimeUnit unit) {
                    return ForeignCode.sneak(thrown);
                  }

                  @Override
                  public String toString() {
                    return "hostile";
                  }
                };
            var own = CancellationSource.create();
            var executor = Futures.executor(own.token(), service);
            var runs = new AtomicInteger();
            try {
              executor.execute(runs::incrementAndGet);
            } catch (Throwable e) {
              assertThrown(thrown, e);
            }
            try {
              var future = executor.submit(() -> "v");
              hostile.catchUp();
              if (manner != Manner.DROPS) {
                assertEquals("v", future.get(20, TimeUnit.SECONDS));
              }
            } catch (ExecutionException e) {
              throw e;
            } catch (Throwable e) {
              assertThrown(thrown, e);
            }
            for (Runnable call :
                List.<Runnable>of(
                    executor::shutdown, executor::shutdownNow, executor::isShutdown)) {
              assertThrown(thrown, assertThrows(Throwable.class, call::run));
            }
            own.cancel();
            eventually(() -> Census.of(own.token()).equals(Census.EMPTY));
          }
        });
  }

  @TestFactory
  List<DynamicTest> a_dropped_task_that_cannot_be_told_harms_nobody_else() {
    return ForeignCode.forAll(
        thrown -> {
          var own = CancellationSource.create();
          var kept = new HostileExecutor(Manner.RUNS_LATER, thrown);
          var executor = Futures.executor(own.token(), new Delegating(kept));
          executor.execute(new HostileTask(thrown));
          var other = executor.submit(() -> "v");
          own.cancel();
          var came = assertThrows(Throwable.class, kept::catchUp);
          assertThrown(thrown, came); // on the executor's thread
          kept.catchUp();
          assertThrows(CancelledException.class, () -> other.get(20, TimeUnit.SECONDS));
        });
  }

  private static final class HostileTask extends FutureTask<Object> {
    private final Throwable thrown;

    HostileTask(Throwable thrown) {
      super(() -> "never");
      this.thrown = thrown;
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      return ForeignCode.sneak(thrown);
    }
  }

  /** As a service. */
  private static final class Delegating extends AbstractExecutorService {
    private final Executor executor;

    Delegating(Executor executor) {
      this.executor = executor;
    }

    @Override
    public void execute(Runnable task) {
      executor.execute(task);
    }

    @Override
    public void shutdown() {}

    @Override
    public List<Runnable> shutdownNow() {
      return List.of();
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public boolean isTerminated() {
      return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return false;
    }
  }

  // ---- what is closed ----

  @TestFactory
  List<DynamicTest> resources_bodies_and_predicates_of_closing_that_throw() {
    return ForeignCode.forAll(
        thrown -> {
          AutoCloseable failing = () -> ForeignCode.<Exception, Object>raise(thrown);
          assertThrown(
              thrown,
              assertThrows(
                  Throwable.class,
                  () ->
                      Blocking.closing(
                          source.token(),
                          failing,
                          () -> ForeignCode.<Exception, Object>raise(thrown))));
          tokenKeepsNothing();
          for (boolean fails : new boolean[] {true, false}) {
            var own = CancellationSource.create();
            var closed = new CountDownLatch(1);
            AutoCloseable resource =
                () -> {
                  closed.countDown();
                  ForeignCode.<Exception, Object>raise(thrown);
                };
            Callable<Object> body =
                () -> {
                  own.cancel();
                  closed.await();
                  return fails ? ForeignCode.<Exception, Object>raise(thrown) : "part";
                };
            var came =
                assertThrows(
                    Throwable.class, () -> Blocking.closing(own.token(), resource, body::call));
            if (fails && thrown instanceof Error) {
              assertThrown(thrown, came);
            } else {
              var cancelled = assertInstanceOf(CancelledException.class, came);
              assertTrue(own.token().caused(cancelled));
              assertThrown(thrown, fails ? cancelled.getCause() : cancelled.getSuppressed()[0]);
            }
            assertEquals(Census.EMPTY, Census.of(own.token()));
          }
          var own = CancellationSource.create();
          var closed = new CountDownLatch(1);
          assertThrown(
              thrown,
              assertThrows(
                  Throwable.class,
                  () ->
                      Blocking.closing(
                          own.token(),
                          closed::countDown,
                          () -> {
                            own.cancel();
                            closed.await();
                            return "part";
                          },
                          _ -> ForeignCode.<Boolean>sneak(thrown))));
        });
  }

  // ---- work, disposers, stages ----

  @TestFactory
  List<DynamicTest> work_that_throws_fails_with_that() {
    return ForeignCode.forAll(
        thrown -> {
          for (Executor executor : List.<Executor>of(Runnable::run, Thread::startVirtualThread)) {
            var future =
                Futures.submit(
                    source.token(), executor, () -> ForeignCode.<Exception, Object>raise(thrown));
            var failure = assertThrows(Exception.class, () -> future.get(20, TimeUnit.SECONDS));
            assertThrown(
                thrown, failure instanceof CancelledException ? failure : causeOf(failure));
            assertTrue(future.isDone());
            assertTrue(future.isCompletedExceptionally());
            assertEquals(thrown instanceof CancelledException, future.isCancelled());
            var next = future.exceptionally(_ -> "instead");
            assertEquals("instead", next.get(20, TimeUnit.SECONDS));
            tokenKeepsNothing();
            theNextWorks();
          }
        });
  }

  /** Without a call of a method that may have been overridden. */
  private static @Nullable Throwable causeOf(Throwable thrown) {
    return assertInstanceOf(ExecutionException.class, thrown).getCause();
  }

  @TestFactory
  List<DynamicTest> a_disposer_that_throws_stops_nobody() {
    return ForeignCode.forAll(
        thrown -> {
          var disposals = new AtomicInteger();
          var kept = new HostileExecutor(Manner.RUNS_LATER, thrown);
          var begun = new CompletableFuture<CompletableFuture<Object>>();
          var future =
              Futures.<Object>submit(
                  source.token(),
                  kept,
                  () -> {
                    begun.join().cancel(true);
                    return "late";
                  },
                  _ -> {
                    disposals.incrementAndGet();
                    ForeignCode.sneak(thrown);
                  });
          begun.complete(future);
          kept.catchUp();
          assertEquals(1, disposals.get());
          assertThrows(CancelledException.class, future::get);
          tokenKeepsNothing();
          theNextWorks();
        });
  }

  @TestFactory
  List<DynamicTest> stages_that_throw_keep_nothing_from_the_work_nor_from_the_token() {
    return ForeignCode.forAll(
        thrown -> {
          var ends =
              List.<BiConsumer<CompletableFuture<Object>, CancellationSource>>of(
                  (future, _) -> future.cancel(true),
                  (future, _) -> future.complete("elsewhere"),
                  (future, _) -> future.completeExceptionally(new IllegalStateException("down")),
                  (future, _) -> future.obtrudeValue("elsewhere"),
                  (future, _) -> future.completeAsync(() -> "elsewhere", Runnable::run),
                  (future, _) -> future.orTimeout(0, TimeUnit.NANOSECONDS),
                  (_, own) -> own.cancel());
          for (var end : ends) {
            var own = CancellationSource.create();
            var foreign = new Told<Object>();
            var linked = Futures.under(own.token(), foreign);
            linked.handle((_, _) -> ForeignCode.sneak(thrown));
            try {
              end.accept(linked, own);
            } catch (Throwable e) {
              // it is the stage's
            }
            assertTrue(foreign.interrupting.get(20, TimeUnit.SECONDS));
            eventually(() -> Census.of(own.token()).equals(Census.EMPTY));
          }
          var foreign = new CompletableFuture<Object>();
          var linked = Futures.under(source.token(), foreign);
          linked.handle((_, _) -> ForeignCode.sneak(thrown));
          foreign.complete("v");
          assertEquals("v", linked.get(20, TimeUnit.SECONDS));
          tokenKeepsNothing();
          var ledger = new Ledger();
          var kept = new HostileExecutor(Manner.RUNS_LATER, thrown);
          var future = Futures.submit(source.token(), kept, ledger::make, ledger::dispose);
          future.handle((_, _) -> ForeignCode.sneak(thrown));
          try {
            kept.catchUp();
          } catch (Throwable e) {
            // it is the stage's
          }
          assertSame(ledger, future.get(20, TimeUnit.SECONDS));
          assertEquals(0, ledger.disposed.get());
          tokenKeepsNothing();
          theNextWorks();
        });
  }

  @TestFactory
  List<DynamicTest> what_completes_asynchronously_and_fails_is_a_failure() {
    return ForeignCode.forAll(
        thrown -> {
          var supplied = Futures.under(source.token(), new CompletableFuture<Object>());
          supplied.completeAsync(() -> ForeignCode.sneak(thrown), Runnable::run);
          assertTrue(supplied.isCompletedExceptionally());
          var failure = assertThrows(Exception.class, supplied::get);
          assertThrown(thrown, failure instanceof CancelledException ? failure : causeOf(failure));
          var refused = Futures.under(source.token(), new CompletableFuture<Object>());
          var came =
              assertThrows(
                  Throwable.class,
                  () -> refused.completeAsync(() -> "v", _ -> ForeignCode.sneak(thrown)));
          assertThrown(thrown, came);
          assertFalse(refused.isDone());
          refused.cancel(true);
          tokenKeepsNothing();
        });
  }

  // ---- futures of others ----

  /** A future whose methods of these names fail. */
  private static final class HostileFuture extends CompletableFuture<Object> {
    private final String broken;
    private final Throwable thrown;

    HostileFuture(String broken, Throwable thrown) {
      this.broken = broken;
      this.thrown = thrown;
    }

    private void fail(String method) {
      if (method.equals(broken)) {
        ForeignCode.sneak(thrown);
      }
    }

    @Override
    public boolean isDone() {
      fail("isDone");
      return super.isDone();
    }

    @Override
    public Object get() throws InterruptedException, ExecutionException {
      fail("get");
      return super.get();
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      fail("cancel");
      return super.cancel(mayInterruptIfRunning);
    }

    @Override
    public CompletableFuture<Object> whenComplete(
        BiConsumer<? super Object, ? super Throwable> action) {
      fail("whenComplete");
      if (broken.equals("twice")) {
        super.whenComplete(action);
      }
      return super.whenComplete(action);
    }

    @Override
    public CompletableFuture<Object> copy() {
      fail("copy");
      return super.copy();
    }

    @Override
    public CompletableFuture<Object> toCompletableFuture() {
      fail("toCompletableFuture");
      return super.toCompletableFuture();
    }
  }

  @TestFactory
  List<DynamicTest> somebody_elses_future_under_a_token() {
    return ForeignCode.forAll(
        thrown -> {
          for (String broken : List.of("isDone", "whenComplete", "toCompletableFuture")) {
            CompletionStage<Object> stage = new HostileFuture(broken, thrown);
            assertThrown(
                thrown, assertThrows(Throwable.class, () -> Futures.under(source.token(), stage)));
            tokenKeepsNothing();
          }
          var twice = new HostileFuture("twice", thrown);
          var linked = Futures.under(source.token(), twice);
          twice.complete("v");
          assertEquals("v", linked.get());
          tokenKeepsNothing();
          var failing = Futures.under(source.token(), new HostileFuture("cancel", thrown));
          failing.cancel(true);
          assertThrows(CancelledException.class, failing::get);
          tokenKeepsNothing();
          var failed = new CompletableFuture<Object>();
          var last = Futures.under(source.token(), failed);
          failed.completeExceptionally(thrown);
          var failure = assertThrows(Exception.class, last::get);
          assertThrown(thrown, failure instanceof CancelledException ? failure : causeOf(failure));
          tokenKeepsNothing();
          theNextWorks();
        });
  }

  @TestFactory
  List<DynamicTest> somebody_elses_future_that_is_composed() {
    return ForeignCode.forAll(
        thrown -> {
          var whole = Futures.submit(source.token(), Runnable::run, () -> "v");
          for (String broken : List.of("copy", "toCompletableFuture")) {
            var composed = whole.thenCompose(_ -> new HostileFuture(broken, thrown));
            assertTrue(composed.isCompletedExceptionally(), broken);
          }
          var hostile = new HostileFuture("cancel", thrown);
          var composed = whole.thenCompose(_ -> hostile);
          composed.cancel(true);
          assertThrows(CancelledException.class, composed::get);
          hostile.complete("v");
          tokenKeepsNothing();
        });
  }

  @TestFactory
  List<DynamicTest> waiting_for_somebody_elses_future_passes_on_what_it_throws() {
    return ForeignCode.forAll(
        thrown -> {
          for (String broken : List.of("isDone", "get")) {
            var future = new HostileFuture(broken, thrown);
            assertThrown(
                thrown, assertThrows(Throwable.class, () -> Futures.await(source.token(), future)));
            assertThrown(
                thrown,
                assertThrows(Throwable.class, () -> Futures.awaitOrCancel(source.token(), future)));
            tokenKeepsNothing();
          }
          var deaf = new HostileFuture("cancel", thrown);
          var own = CancellationSource.create();
          own.cancel();
          assertThrows(CancelledException.class, () -> Futures.awaitOrCancel(own.token(), deaf));
        });
  }

  /** Whatever it makes of our interrupt, the wait was cancelled. */
  @TestFactory
  List<DynamicTest> waits_that_answer_an_interrupt_with_anything_were_cancelled() {
    return ForeignCode.forAll(
        thrown -> {
          Answer answer = new Answer(thrown);
          BlockingQueue<Object> queue = answer.as(BlockingQueue.class);
          BlockingDeque<Object> deque = answer.as(BlockingDeque.class);
          TransferQueue<Object> transfer = answer.as(TransferQueue.class);
          Lock lock = answer.as(Lock.class);
          Condition condition = answer.as(Condition.class);
          Future<Object> future = answer.as(Future.class);
          var day = Duration.ofDays(1);
          var calls =
              List.<Waiting>of(
                  token -> Queues.take(token, queue),
                  token -> Queues.poll(token, deque, day),
                  token -> Queues.drain(token, transfer, 3),
                  token -> run(() -> Queues.put(token, queue, "e")),
                  token -> Queues.offer(token, queue, "e", day),
                  token -> run(() -> Locks.lock(token, lock)),
                  token -> Locks.tryLock(token, lock, day),
                  token -> run(() -> Blocking.interruptibly(token, () -> condition.await())),
                  token -> Blocking.interruptibly(token, day, () -> condition.await()),
                  token -> Futures.await(token, future),
                  token -> Blocking.interruptibly(token, answer::block));
          for (Waiting call : calls) {
            var own = CancellationSource.create();
            answer.reached = own::cancel;
            var came = assertThrows(Throwable.class, () -> call.in(own.token()));
            if (thrown instanceof Error) {
              assertThrown(thrown, came);
            } else {
              var cancelled = assertInstanceOf(CancelledException.class, came);
              assertTrue(own.token().caused(cancelled));
              assertThrown(thrown, cancelled.getCause());
            }
            assertFalse(Thread.currentThread().isInterrupted());
            assertEquals(Census.EMPTY, Census.of(own.token()));
          }
        });
  }

  private interface Waiting {
    @Nullable Object in(dev.desist.CancellationToken token) throws Exception;
  }

  private static Object run(ForeignCode.Body body) throws Exception {
    body.run();
    return "done";
  }

  /**
   * Objects that block in every method that may, and throw something of their own when they are
   * interrupted.
   */
  private static final class Answer {
    private final Throwable thrown;
    private final Semaphore never = new Semaphore(0);
    Runnable reached = () -> {};

    Answer(Throwable thrown) {
      this.thrown = thrown;
    }

    Object block() {
      reached.run();
      try {
        never.acquire();
        throw new AssertionError("cannot be");
      } catch (InterruptedException e) {
        return ForeignCode.sneak(thrown);
      }
    }

    <T> T as(Class<?> type) {
      return proxy(
          type,
          (_, method, arguments) ->
              switch (method.getName()) {
                case "poll" -> null;
                case "offer", "tryLock", "isDone" -> false;
                case "toString" -> "hostile";
                default -> block();
              });
    }
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <T> T proxy(Class<?> type, InvocationHandler handler) {
    return (T)
        Proxy.newProxyInstance(
            ConcurrentForeignCodeTest.class.getClassLoader(), new Class<?>[] {type}, handler);
  }

  // ---- queues and locks ----

  /** Fails in the method of that name, and else has nothing, or waits for nothing. */
  private static <T> T failing(Class<?> type, String broken, Throwable thrown) {
    return proxy(
        type,
        (_, method, _) -> {
          if (method.getName().equals(broken)) {
            throw thrown;
          }
          return switch (method.getName()) {
            case "offer", "tryLock" -> false;
            case "drainTo" -> 0;
            case "toString" -> "hostile";
            default -> null;
          };
        });
  }

  @TestFactory
  List<DynamicTest> queues_and_locks_pass_on_what_is_thrown() {
    return ForeignCode.forAll(
        thrown -> {
          var day = Duration.ofDays(1);
          for (Class<?> type :
              List.of(BlockingQueue.class, BlockingDeque.class, TransferQueue.class)) {
            for (String broken : List.of("poll", "take", "offer", "put")) {
              BlockingQueue<Object> queue = failing(type, broken, thrown);
              var calls =
                  broken.equals("poll") || broken.equals("take")
                      ? List.<Waiting>of(
                          token -> Queues.take(token, queue),
                          token -> Queues.poll(token, queue, day),
                          token -> Queues.drain(token, queue, 3))
                      : List.<Waiting>of(
                          token -> run(() -> Queues.put(token, queue, "e")),
                          token -> Queues.offer(token, queue, "e", day));
              passesOn(thrown, calls);
            }
          }
          for (String broken : List.of("tryLock", "lockInterruptibly")) {
            Lock lock = failing(Lock.class, broken, thrown);
            passesOn(
                thrown,
                List.of(
                    token -> run(() -> Locks.lock(token, lock)),
                    token -> Locks.tryLock(token, lock, day)));
          }
          Condition condition = failing(Condition.class, "await", thrown);
          passesOn(
              thrown,
              List.of(
                  token -> run(() -> Blocking.interruptibly(token, () -> condition.await())),
                  token -> Blocking.interruptibly(token, day, () -> condition.await())));
        });
  }

  private void passesOn(Throwable thrown, List<Waiting> calls) {
    for (Waiting call : calls) {
      assertThrown(thrown, assertThrows(Throwable.class, () -> call.in(source.token())));
      assertFalse(Thread.currentThread().isInterrupted());
      assertEquals(Census.EMPTY, Census.of(source.token()));
    }
  }

  /** A queue that fails after it has given some. */
  private static final class Brittle extends LinkedBlockingQueue<String> {
    private static final long serialVersionUID = 1;
    private final boolean drains;
    private final transient Throwable thrown;

    Brittle(boolean drains, Throwable thrown) {
      super(List.of("a", "b", "c"));
      this.drains = drains;
      this.thrown = thrown;
    }

    @Override
    public int drainTo(Collection<? super String> target, int limit) {
      if (!drains) {
        throw new UnsupportedOperationException();
      }
      super.drainTo(target, 1);
      return ForeignCode.sneak(thrown);
    }

    @Override
    public @Nullable String poll() {
      return size() == 1 ? ForeignCode.sneak(thrown) : super.poll();
    }
  }

  @TestFactory
  List<DynamicTest> what_was_drained_before_a_queue_fails_is_not_lost() {
    return ForeignCode.forAll(
        thrown -> {
          for (boolean drains : new boolean[] {true, false}) {
            var queue = new Brittle(drains, thrown);
            assertEquals(List.of("a", "b"), Queues.drain(source.token(), queue, 3));
            assertEquals(1, queue.size());
            tokenKeepsNothing();
          }
        });
  }

  @Test
  void what_wakes_for_nothing_and_gives_nothing_is_passed_on() throws Exception {
    BlockingQueue<Object> queue = failing(BlockingQueue.class, "none", new Error());
    assertNull(Queues.take(source.token(), queue));
    assertNull(Queues.poll(source.token(), queue, Duration.ofDays(1)));
    Condition condition = failing(Condition.class, "none", new Error());
    Blocking.interruptibly(source.token(), () -> condition.await());
    assertTrue(Blocking.interruptibly(source.token(), Duration.ofDays(1), () -> condition.await()));
    tokenKeepsNothing();
  }

  @TestFactory
  List<DynamicTest> a_stranger_that_ends_a_timed_wait_is_not_the_timeout() {
    return ForeignCode.forAll(
        thrown -> {
          var time = new dev.desist.testkit.ManualTime();
          var own = time.call(CancellationSource::create);
          BlockingQueue<Object> queue =
              proxy(
                  BlockingQueue.class,
                  (_, method, _) -> {
                    if (method.getName().equals("take")) {
                      time.advance(
                          Duration.ofSeconds(2)); // its time is over, and it has not noticed
                      throw thrown;
                    }
                    return null;
                  });
          if (thrown instanceof CancelledException) {
            assertThrown(
                thrown,
                assertThrows(
                    Throwable.class, () -> Queues.poll(own.token(), queue, Duration.ofSeconds(1))));
          }
        });
  }

  // ---- events and selections ----

  @TestFactory
  List<DynamicTest> listeners_of_an_event_that_throw_keep_nothing_from_others() {
    return ForeignCode.forAll(
        thrown -> {
          Event<String> event = Event.create("ready");
          var told = new AtomicInteger();
          event.onSet(_ -> told.incrementAndGet());
          event.onSet(_ -> ForeignCode.sneak(thrown));
          event.onSet(_ -> told.incrementAndGet());
          var failed = assertThrows(CancellationCallbackException.class, () -> event.set("v"));
          assertThrown(thrown, failed.getCause());
          assertEquals(2, told.get());
          assertEquals("v", event.await(source.token()));
          assertThrown(
              thrown,
              assertThrows(Throwable.class, () -> event.onSet(_ -> ForeignCode.sneak(thrown))));
          assertFalse(event.set("w"));
          assertEquals("v", event.whenSet().toCompletableFuture().get(20, TimeUnit.SECONDS));
          for (Manner manner : Manner.values()) {
            Event<String> other = Event.create();
            var executor = new HostileExecutor(manner, thrown);
            var runs = new AtomicInteger();
            other.onSet(executor, _ -> runs.incrementAndGet());
            try {
              other.set("v");
            } catch (CancellationCallbackException e) {
              assertThrown(thrown, e.getCause());
            }
            executor.catchUp();
            assertTrue(other.isSet());
            switch (manner) {
              case DROPS, THROWS -> assertEquals(0, runs.get());
              case RUNS_ON_A_THREAD, RUNS_ON_A_THREAD_AND_THROWS, KEEPS_AND_THROWS ->
                  assertTrue(runs.get() <= 1);
              default -> assertEquals(1, runs.get(), manner::toString);
            }
          }
          tokenKeepsNothing();
        });
  }

  @TestFactory
  List<DynamicTest> a_handler_that_throws_has_won_and_the_others_lose_nothing() {
    return ForeignCode.forAll(
        thrown -> {
          SelectableQueue<String> queue = SelectableQueue.unbounded();
          queue.addAll(List.of("a", "b"));
          var select =
              Select.<Object>biased(
                  Clause.taken(queue, _ -> ForeignCode.sneak(thrown)),
                  Clause.passed(Deadline.after(Duration.ZERO), () -> "passed"));
          assertThrown(thrown, assertThrows(Throwable.class, () -> select.await(source.token())));
          assertEquals(List.of("b"), List.copyOf(queue));
          for (Clause<Object> clause :
              List.<Clause<Object>>of(
                  Clause.passed(Deadline.after(Duration.ZERO), () -> ForeignCode.sneak(thrown)),
                  Clause.completed(
                      CompletableFuture.completedFuture("v"), _ -> ForeignCode.sneak(thrown)),
                  Clause.ended(
                      CompletableFuture.failedFuture(thrown), _ -> ForeignCode.sneak(thrown)),
                  Clause.happened(setTo("v"), _ -> ForeignCode.sneak(thrown)))) {
            assertThrown(
                thrown,
                assertThrows(Throwable.class, () -> Select.biased(clause).await(source.token())));
            tokenKeepsNothing();
          }
        });
  }

  private static Event<String> setTo(String value) {
    Event<String> event = Event.create();
    event.set(value);
    return event;
  }

  @TestFactory
  List<DynamicTest> a_stage_that_breaks_the_rules_ends_once() {
    return ForeignCode.forAll(
        thrown -> {
          CompletionStage<Object> refuses = failing(CompletionStage.class, "whenComplete", thrown);
          assertThrown(
              thrown,
              assertThrows(Throwable.class, () -> Clause.completed(refuses, value -> value)));
          CompletionStage<Object> twice =
              proxy(
                  CompletionStage.class,
                  (_, _, arguments) -> {
                    @SuppressWarnings("unchecked")
                    var action = (BiConsumer<@Nullable Object, @Nullable Throwable>) arguments[0];
                    action.accept("first", null);
                    action.accept(null, thrown);
                    return null;
                  });
          assertEquals(
              "first",
              Select.biased(Clause.completed(twice, value -> value)).await(source.token()));
          CompletionStage<Object> failed = CompletableFuture.failedFuture(thrown);
          var came =
              assertThrows(
                  RuntimeException.class,
                  () -> Select.biased(Clause.completed(failed, v -> v)).await(source.token()));
          assertTrue(came == thrown || came.getCause() == thrown);
          var outcome =
              Select.<Object>biased(Clause.ended(failed, end -> end)).await(source.token());
          assertTrue(
              outcome instanceof Outcome.Failure<?>(Throwable failure)
                  ? failure == thrown
                  : thrown instanceof CancelledException);
          tokenKeepsNothing();
        });
  }

  @TestFactory
  List<DynamicTest> a_collection_that_refuses_what_is_drained_loses_nothing() {
    return ForeignCode.forAll(
        thrown -> {
          SelectableQueue<String> queue = SelectableQueue.unbounded();
          queue.addAll(List.of("a", "b", "c"));
          var target =
              new ArrayList<String>() {
                private static final long serialVersionUID = 1;

                @Override
                public boolean add(String element) {
                  return size() == 1 ? ForeignCode.sneak(thrown) : super.add(element);
                }
              };
          assertThrown(thrown, assertThrows(Throwable.class, () -> queue.drainTo(target)));
          assertEquals(List.of("a"), List.copyOf(target));
          assertEquals(List.of("b", "c"), List.copyOf(queue));
        });
  }

  // ---- slots ----

  @TestFactory
  List<DynamicTest> tasks_consumers_and_disposers_of_a_slot_that_throw_do_not_stop_it() {
    return ForeignCode.forAll(
        thrown -> {
          var outcomes = new ArrayList<Outcome<Object>>();
          try (Latest<Object> latest =
              Latest.<Object>open(
                  CancellationToken.none(),
                  Runnable::run,
                  outcome -> {
                    outcomes.add(outcome);
                    ForeignCode.sneak(thrown);
                  },
                  options ->
                      options
                          .withExecutor(Runnable::run)
                          .withOneAtATime()
                          .withDisposer(_ -> ForeignCode.sneak(thrown)))) {
            Callable<Object> failing = () -> ForeignCode.raise(thrown);
            var ended = latest.submit(failing).toCompletableFuture().get(20, TimeUnit.SECONDS);
            assertThrown(thrown, assertInstanceOf(Outcome.Failure.class, ended).exception());
            latest.submit(
                () -> {
                  latest.submit(() -> "newer");
                  return "stale";
                });
            assertEquals(new Outcome.Success<Object>("newer"), outcomes.getLast());
            assertEquals(2, outcomes.size());
          }
        });
  }
}
