package dev.desist.contract;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationCallbackException;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Deadline;
import dev.desist.Outcome;
import dev.desist.concurrent.Blocking;
import dev.desist.concurrent.Clause;
import dev.desist.concurrent.Event;
import dev.desist.concurrent.Futures;
import dev.desist.concurrent.Latest;
import dev.desist.concurrent.Locks;
import dev.desist.concurrent.Queues;
import dev.desist.concurrent.Select;
import dev.desist.concurrent.SelectableQueue;
import dev.desist.contract.SentencesTest.Of;
import dev.desist.contract.SentencesTest.Says;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the API documentation of {@code dev.desist.concurrent} says, sentence by sentence. What is
 * shown by tests of the package already is named at the head of each part.
 */
@ExtendWith(Hygiene.class)
@Timeout(30)
@SuppressWarnings({"NullAway", "try"}) // nulls are refused by name; closing twice is closing once
class ConcurrentContractTest {
  private static final CancellationToken NONE = CancellationToken.none();
  private static final CancellationToken CANCELLED =
      CancellationToken.cancelled(CancellationReason.requested("over"));

  private final CancellationSource source = CancellationSource.create("source");
  private final CancellationToken token = source.token();

  private static <T> FutureTask<T> elsewhere(Callable<T> body) {
    var task = new FutureTask<>(body);
    Thread.ofPlatform().daemon().start(task);
    return task;
  }

  private static <T> T get(FutureTask<T> task) throws Exception {
    return task.get(20, TimeUnit.SECONDS);
  }

  // ---- calls that wait ----

  /** A call that may have to wait, with a timeout. */
  interface Call {
    @Nullable Object wait(CancellationToken token, Duration timeout) throws InterruptedException;
  }

  /**
   * A call that waits.
   *
   * @param name of the method
   * @param call the call
   * @param jdk the same in the JDK
   * @param there whether it need not wait
   */
  record Waiting(String name, Call call, Call jdk, boolean there) {
    @Override
    public String toString() {
      return name + (there ? ", there" : ", nothing there");
    }
  }

  /** A lock that another thread holds, until the end of the test. */
  private static final ReentrantLock HELD = new ReentrantLock();

  @BeforeAll
  static void hold() throws InterruptedException {
    var held = new CountDownLatch(1);
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              HELD.lock();
              held.countDown();
              while (HELD.isHeldByCurrentThread()) {
                LockSupport.park();
              }
            });
    held.await();
  }

  private static long nanos(Duration timeout) {
    return timeout.toNanos();
  }

  private static final TimeUnit UNIT = TimeUnit.NANOSECONDS;

  static Stream<Waiting> waits() {
    var free = new ReentrantLock();
    return Stream.of(
        new Waiting(
            "tryLock",
            (token, timeout) -> Locks.tryLock(token, HELD, timeout),
            (_, timeout) -> HELD.tryLock(nanos(timeout), UNIT),
            false),
        new Waiting(
            "tryLock",
            (token, timeout) -> Locks.tryLock(token, free, timeout),
            (_, timeout) -> free.tryLock(nanos(timeout), UNIT),
            true),
        new Waiting(
            "tryAcquire",
            (token, timeout) -> Locks.tryAcquire(token, new Semaphore(1), 2, timeout),
            (_, timeout) -> new Semaphore(1).tryAcquire(2, nanos(timeout), UNIT),
            false),
        new Waiting(
            "tryAcquire",
            (token, timeout) -> Locks.tryAcquire(token, new Semaphore(2), 2, timeout),
            (_, timeout) -> new Semaphore(2).tryAcquire(2, nanos(timeout), UNIT),
            true),
        new Waiting(
            "poll",
            (token, timeout) -> Queues.poll(token, new LinkedBlockingQueue<>(), timeout),
            (_, timeout) -> new LinkedBlockingQueue<>().poll(nanos(timeout), UNIT),
            false),
        new Waiting(
            "poll",
            (token, timeout) -> Queues.poll(token, full(), timeout),
            (_, timeout) -> full().poll(nanos(timeout), UNIT),
            true),
        new Waiting(
            "offer",
            (token, timeout) -> Queues.offer(token, full(), "x", timeout),
            (_, timeout) -> full().offer("x", nanos(timeout), UNIT),
            false),
        new Waiting(
            "offer",
            (token, timeout) -> Queues.offer(token, new LinkedBlockingQueue<>(), "x", timeout),
            (_, timeout) -> new LinkedBlockingQueue<>().offer("x", nanos(timeout), UNIT),
            true));
  }

  private static BlockingQueue<String> full() {
    var queue = new ArrayBlockingQueue<String>(1);
    queue.add("element");
    return queue;
  }

  /** What comes of it: what it gives, or the class of what it throws, and the flag afterwards. */
  private static String outcome(Call call, CancellationToken token, Duration timeout) {
    Object found;
    try {
      found = call.wait(token, timeout);
    } catch (Exception e) {
      found = e.getClass().getSimpleName();
    }
    boolean nothing = found == null || Boolean.FALSE.equals(found);
    return (nothing ? "nothing" : found) + (Thread.interrupted() ? ", interrupted" : "");
  }

  private String outcome(
      Waiting waiting, CancellationToken token, Duration timeout, int interrupts) {
    if (interrupts > 0) {
      Thread.currentThread().interrupt();
    }
    return outcome(waiting.call, token, timeout);
  }

  @Nested
  @Of(Locks.class)
  @Says(
      value =
          "If what it waits for and the cancellation come together, it is acquired or cancelled,"
              + " never both, and no permit is lost",
      by = {
        "LocksTest.a_cancelled_lock_is_not_held",
        "LocksTest.a_cancelled_acquire_takes_no_permit"
      })
  @Says(
      value =
          "Tries first without waiting, by methods that respect fairness, and guards only a call"
              + " that has to wait",
      by = "LocksTest.nobody_is_overtaken")
  @Says(
      value = {"the lock is not held", "what may end the wait"},
      by = "LocksTest.a_cancelled_lock_is_not_held")
  @Says(value = "but not for ever", by = "LocksTest.a_timeout_is_no_cancellation")
  class OfLocks {
    static Stream<Waiting> waits() {
      return ConcurrentContractTest.waits().filter(each -> !each.name.matches("poll|offer"));
    }

    @ParameterizedTest
    @MethodSource("waits")
    @Says({
      "Zero only asks: the call takes what is there and does not wait, and throws for a"
          + " cancellation and for an interrupt as a longer wait does",
      "A token that is cancelled already ends the call at once, also if it would not have had to"
          + " wait"
    })
    void zero_only_asks(Waiting waiting) {
      checkZero(waiting);
    }

    @Test
    @Says("A token that is cancelled already ends the call at once")
    void a_cancelled_token_ends_what_waits_without_end() throws Exception {
      var lock = new ReentrantReadWriteLock();
      assertThrows(CancelledException.class, () -> Locks.lock(CANCELLED, lock.writeLock()));
      assertFalse(lock.isWriteLocked());
      var permits = new Semaphore(1);
      assertThrows(CancelledException.class, () -> Locks.acquire(CANCELLED, permits, 1));
      assertEquals(1, permits.availablePermits());
    }
  }

  /** A timeout of zero, on each call: what is there, what is not, an interrupt, a cancellation. */
  private void checkZero(Waiting waiting) {
    Duration zero = Duration.ZERO;
    Duration longer = Duration.ofMinutes(1);
    String found = outcome(waiting, NONE, zero, 0);
    assertEquals(!waiting.there, found.equals("nothing"), found);
    assertEquals("CancelledException", outcome(waiting, CANCELLED, zero, 0));
    assertEquals("CancelledException, interrupted", outcome(waiting, CANCELLED, zero, 1));
    for (CancellationToken each : List.of(NONE, token)) {
      String interrupted = outcome(waiting, each, zero, 1);
      assertEquals(outcome(waiting, each, longer, 1), interrupted);
      assertEquals(
          outcome(new Waiting("", waiting.jdk, waiting.jdk, true), each, zero, 1), interrupted);
    }
    if (!waiting.there) {
      assertEquals("InterruptedException", outcome(waiting, NONE, zero, 1));
    }
  }

  @Nested
  @Of(Queues.class)
  @Says(
      value = "If an element and the cancellation come together",
      by = {
        "QueuesStressTest.promise20_no_element_is_lost_or_doubled",
        "QueuesTest.promise20_a_cancelled_take_takes_nothing",
        "QueuesTest.promise20_a_cancelled_put_puts_nothing"
      })
  @Says(
      value =
          "A token that is cancelled already ends the call before it looks at the queue, also if it"
              + " would not have had to wait",
      by = "QueuesTest.on_a_cancelled_token_nothing_is_taken_or_put_even_if_it_could_be")
  @Says(
      value = {
        "Asks the queue first without waiting, and guards only a call that has to wait",
        "Beside the queue's own work, a call that need not wait costs one poll of each token"
      },
      by = "QueuesTest.a_timeout_of_zero_does_not_wait")
  @Says(
      value = "what may end the wait",
      by = {
        "QueuesTest.promise20_a_cancelled_take_takes_nothing",
        "QueuesTest.promise20_a_cancelled_put_puts_nothing"
      })
  @Says(value = "but not for ever", by = "QueuesTest.a_timeout_is_no_cancellation")
  @Says(
      value = "how many at most",
      by = "QueuesTest.a_drain_waits_for_the_first_and_takes_no_more_than_its_limit")
  @Says(value = "if the limit is not positive", by = "QueuesTest.wrong_arguments_are_named_at_once")
  class OfQueues {
    static Stream<Waiting> waits() {
      return ConcurrentContractTest.waits().filter(each -> each.name.matches("poll|offer"));
    }

    @ParameterizedTest
    @MethodSource("waits")
    @Says(
        "Zero only asks: the call takes what is there, or puts it where there is room, and does"
            + " not wait, and throws for a cancellation and for an interrupt as a longer wait does")
    void zero_only_asks(Waiting waiting) {
      checkZero(waiting);
    }

    @Test
    @Says("If the queue fails after some were taken, these")
    void a_queue_that_fails_half_way() throws Exception {
      var queue =
          new LinkedBlockingQueue<String>(List.of("first", "second")) {
            private static final long serialVersionUID = 1;

            @Override
            public int drainTo(java.util.Collection<? super String> target, int limit) {
              throw new IllegalStateException("broken");
            }
          };
      assertEquals(List.of("first"), Queues.drain(NONE, queue, 5));
      assertEquals(List.of("second"), Queues.drain(NONE, queue, 5));
    }
  }

  @Nested
  @Says(value = "Not for sockets, channels and files", advice = true)
  @Of(Blocking.class)
  @Says(
      value =
          "The interrupt is sent only while the thread is inside the call, so it cannot hit what"
              + " the thread does next",
      by = {
        "BlockingStressTest.promise18_no_stray_and_no_lost_interrupt_on_platform_threads",
        "BlockingStressTest.promise18_no_stray_and_no_lost_interrupt_on_virtual_threads"
      })
  @Says(
      value = "and it is never confused with an interrupt that somebody else sends",
      by = {
        "BlockingTest.promise18_a_foreign_interrupt_stays_one",
        "BlockingTest.promise18_a_foreign_interrupt_that_is_only_flagged_is_still_there_afterwards"
      })
  @Says(
      value = "It is sent by a thread of this library and never by the one that cancels",
      by = "BlockingTest.promise18_the_canceller_never_interrupts")
  @Says(
      value =
          "One that throws it and sets the flag as well looks as if it had been interrupted twice",
      by = "BlockingTest.a_body_that_throws_and_sets_the_flag_too_looks_interrupted_twice")
  @Says(
      value = {
        "If the token is cancelled already, the body is not called",
        "and the resource is left as it is"
      },
      by = "BlockingTest.on_a_cancelled_token_the_body_is_not_called")
  @Says(value = "what may end the call", by = "BlockingTest.a_blocked_call_ends_with_the_reason")
  @Says(
      value = {
        "Calls body, and closes resource when token is cancelled, which ends the call",
        "So whatever the body does after the resource was closed, it was cancelled",
        "if the resource was closed before the body had ended"
      },
      by = "BlockingTest.a_foreign_socket_is_closed_and_the_read_ends_with_the_reason")
  @Says(
      value =
          "An interrupt that is due meanwhile comes when the body has ended, if the call around it"
              + " has not",
      by = {
        "BlockingTest.promise18_an_interrupt_is_held_back_and_comes_afterwards",
        "BlockingTest.promise18_what_is_held_back_never_comes_if_the_call_around_it_has_ended"
      })
  @Says(
      value = "Interrupts that others send are not held back",
      by = "BlockingTest.promise18_a_foreign_interrupt_is_not_held_back")
  @Says(
      value = {
        "it must be of the kind that may be closed while it is in use",
        "A body that throws an InterruptedException must leave the flag clear"
      },
      advice = true)
  class OfBlocking {
    @Test
    @Says(
        "and, once the body was interrupted for the token, if somebody took that interrupt, or if"
            + " the exception, or one that it was made from, names an interrupt in its class or its"
            + " message")
    void whose_end_it_was() throws Exception {
      assertInstanceOf(
          IllegalStateException.class,
          endOf(
                  () -> {
                    try {
                      Thread.sleep(100_000);
                    } catch (InterruptedException e) {
                      throw new IllegalStateException("in other words"); // took it
                    }
                    return "";
                  },
                  CancelledException.class)
              .getCause());
      assertEquals(
          "was interrupted",
          endOf(
                  () -> {
                    awaitFlag();
                    throw new IllegalStateException("was interrupted"); // which still stands
                  },
                  CancelledException.class)
              .getCause()
              .getMessage());
      endOf(
          () -> {
            awaitFlag();
            throw new IllegalStateException("for a reason of its own");
          },
          IllegalStateException.class);
    }

    private static void awaitFlag() {
      while (!Thread.currentThread().isInterrupted()) {
        Thread.onSpinWait();
      }
    }

    private static Throwable endOf(Callable<String> body, Class<? extends Throwable> as)
        throws Exception {
      try (var source = CancellationSource.create()) {
        var begun = new CountDownLatch(1);
        var call =
            elsewhere(
                () ->
                    assertThrows(
                        as,
                        () ->
                            Blocking.interruptibly(
                                source.token(),
                                () -> {
                                  begun.countDown();
                                  return body.call();
                                })));
        begun.await();
        source.cancel();
        return get(call);
      }
    }

    @Test
    @Says({"zero does not call the body at all", "zero does not begin"})
    void a_timeout_of_zero_is_over_before_the_body() {
      for (CancellationToken each : List.of(NONE, token)) {
        var calls = new AtomicInteger();
        assertEquals(
            Optional.empty(), Blocking.interruptibly(each, Duration.ZERO, calls::incrementAndGet));
        assertFalse(Blocking.interruptibly(each, Duration.ZERO, () -> calls.set(1)));
        assertEquals(0, calls.get());
      }
    }

    @Test
    @Says("what the body returned, even if the time was over meanwhile")
    void a_value_that_comes_is_not_lost_to_the_timeout() throws Exception {
      var time = new ManualTime();
      CancellationSource manual = time.call(() -> CancellationSource.create());
      var value =
          Blocking.interruptibly(
              manual.token(),
              Duration.ofSeconds(1),
              () -> {
                time.advance(Duration.ofSeconds(2));
                return "value";
              });
      assertEquals(Optional.of("value"), value);
      assertTrue(
          Blocking.interruptibly(
              manual.token(), Duration.ofSeconds(1), () -> time.advance(Duration.ofSeconds(2))));
    }

    @Test
    @Says({"That is no cancellation for the caller", "the body cannot tell the two apart"})
    void a_timeout_interrupts_and_is_no_cancellation() throws Exception {
      var time = new ManualTime();
      CancellationSource manual = time.call(() -> CancellationSource.create());
      var thrown = new AtomicReference<Exception>();
      var begun = new CountDownLatch(1);
      var call =
          elsewhere(
              () ->
                  Blocking.interruptibly(
                      manual.token(),
                      Duration.ofSeconds(1),
                      () -> {
                        begun.countDown();
                        try {
                          return new LinkedBlockingQueue<String>().take();
                        } catch (InterruptedException e) {
                          thrown.set(e);
                          throw e;
                        }
                      }));
      begun.await();
      time.advance(Duration.ofSeconds(1));
      assertEquals(Optional.empty(), get(call));
      assertInstanceOf(InterruptedException.class, thrown.get());
      assertFalse(manual.isCancelled());
    }

    @Test
    @Says({
      "It is closed by Cancellation#dispatcher(), while the thread is inside the call and not"
          + " later: this method returns when that is over",
      "what the body returned, if the resource was not closed before"
    })
    void who_closes_and_when() throws Exception {
      var begun = new CountDownLatch(1);
      var closing = new CountDownLatch(1);
      var over = new CountDownLatch(1);
      var closed = new AtomicReference<Thread>();
      AutoCloseable resource =
          () -> {
            closing.countDown();
            over.await();
            closed.set(Thread.currentThread());
          };
      var call =
          elsewhere(
              () ->
                  assertThrows(
                      CancelledException.class,
                      () ->
                          Blocking.closing(
                              token,
                              resource,
                              () -> {
                                begun.countDown();
                                closing.await();
                                return "half";
                              })));
      begun.await();
      source.cancel();
      closing.await();
      assertFalse(call.isDone()); // the closing is not over
      over.countDown();
      get(call);
      assertNotSame(Thread.currentThread(), closed.get());
      assertTrue(closed.get().isDaemon());
      try (var other = CancellationSource.create()) {
        var count = new AtomicInteger();
        assertEquals(
            "whole", Blocking.closing(other.token(), count::incrementAndGet, () -> "whole"));
        other.cancel();
        assertEquals(0, count.get());
      }
    }
  }

  @Nested
  @Says(value = "Not every BlockingQueue can be selected from", advice = true)
  @Of(SelectableQueue.class)
  @Says(
      value = "Those who select and those who take may share a queue",
      by = "SelectableQueueTest.who_takes_and_who_selects_may_share_it")
  @Says(
      value = {
        "a new queue that holds at most capacity elements",
        "what blocks obeys interrupts, iterators are weakly consistent, null is not an element"
      },
      by = {
        "SelectableQueueTest.a_full_queue_lets_who_puts_wait_until_somebody_selects",
        "SelectableQueueTest.misuse_names_the_parameter"
      })
  class OfSelectableQueue {
    private int plain;

    @Test
    @Says({
      "All methods may be called from any thread",
      "What a thread did before it put an element into the queue happens-before what another does"
          + " after it took it out, selecting included"
    })
    void from_thread_to_thread() throws Exception {
      SelectableQueue<Integer> queue = SelectableQueue.unbounded();
      var selects =
          elsewhere(
              () -> Select.biased(Clause.taken(queue, element -> element + plain)).await(NONE));
      plain = 1;
      queue.put(41);
      assertEquals(42, get(selects));
      var takes = elsewhere(() -> queue.take() + plain);
      plain = 2;
      queue.put(40);
      assertEquals(42, get(takes));
    }

    @Test
    @Says("if the capacity is not positive")
    void a_capacity_is_positive() {
      assertEquals(
          "capacity must be positive: 0",
          assertThrows(IllegalArgumentException.class, () -> SelectableQueue.bounded(0))
              .getMessage());
    }
  }

  @Nested
  @Of(Select.class)
  @Says(
      value = "The calling thread waits for all of them at once",
      by = "SelectTest.the_only_one_that_becomes_ready_wins")
  @Says(
      value =
          "If several clauses are ready, a biased selection takes the first of them in the order"
              + " given, so that a clause that is always ready starves those after it",
      by = "SelectTest.biased_means_in_the_order_given")
  @Says(
      value =
          "A selection is a value, immutable, and can wait any number of times, also on several"
              + " threads at once",
      by = {
        "SelectTest.several_that_wait_for_one_queue_get_one_element_each",
        "SelectTest.later_changes_of_the_list_are_not_seen"
      })
  @Says(
      value = "Completion beats cancellation: what was ready before the token was cancelled wins",
      by = "SelectTest.what_is_ready_beats_cancellation_and_interrupt")
  @Says(
      value =
          "What a thread did before it completed the stage, set the event, cancelled the token, or"
              + " put the element that wins happens-before the handler",
      by = "SelectTest.promise2_what_was_done_before_is_seen_by_the_handler")
  @Says(
      value = "what may end the wait",
      by = "SelectTest.a_wait_ends_when_its_token_is_cancelled_and_has_taken_nothing")
  class OfSelect {
    @Test
    @Says("All methods may be called from any thread")
    void several_threads_wait_with_one_selection() throws Exception {
      Event<String> event = Event.create();
      Select<String> select = Select.fair(Clause.happened(event, value -> value));
      var calls = new ArrayList<FutureTask<String>>();
      for (int i = 0; i < 3; i++) {
        calls.add(elsewhere(() -> select.await(NONE)));
      }
      event.set("all");
      for (var call : calls) {
        assertEquals("all", get(call));
      }
      assertEquals("all", select.await(NONE));
    }
  }

  @Nested
  @Of(Clause.class)
  @Says(
      value =
          "The handler of a clause runs on the thread that selects, once the clause has won and the"
              + " wait is over",
      by = "SelectTest.the_handler_runs_on_the_thread_that_waits")
  @Says(
      value = "it may do anything, and what it throws leaves Select#await",
      by = {
        "SelectTest.a_handler_may_select_again",
        "ClauseTest.what_the_handler_throws_is_thrown"
      })
  @Says(
      value = "The handlers of the others do not run, and what these wait for is left as it was",
      by = "SelectTest.promise20_nothing_is_taken_from_the_losers")
  @Says(
      value = "So a CancelledException may be the stage's or that of the wait",
      by = {
        "ClauseTest.promise24_a_stage_that_ends_with_our_cancellation_tells_the_reason",
        "SelectTest.a_wait_ends_when_its_token_is_cancelled_and_has_taken_nothing"
      })
  @Says(
      value = {
        "So this registers once, here, and a selection leaves nothing on the stage",
        "each clause stays on the stage until the stage completes"
      },
      by = "SelectTest.promise14_waiting_again_and_again_for_one_stage_leaves_one_callback_there")
  @Says(
      value = "As #completed, but the handler gets failures too",
      by = {
        "ClauseTest.a_stage_that_is_cancelled_is_a_failure",
        "ClauseTest.a_stage_that_fails_behind_another_is_wrapped_once"
      })
  @Says(
      value = "handler takes the element, which is in the queue no more",
      by = "ClauseTest.promise20_a_queue_wins_with_the_element_it_no_longer_has")
  @Says(value = "A deadline is a point in time", advice = true)
  class OfClause {
    @Test
    @Says("may be used by any number of selections and threads, one after another or at once")
    void one_clause_in_several_selections() throws Exception {
      SelectableQueue<String> queue = SelectableQueue.unbounded();
      Clause<String> clause = Clause.taken(queue, element -> element);
      var first = elsewhere(() -> Select.biased(clause).await(NONE));
      var second =
          elsewhere(
              () -> Select.fair(Clause.passed(Deadline.none(), () -> ""), clause).await(NONE));
      queue.add("one");
      queue.add("two");
      assertEquals(List.of("one", "two"), Stream.of(get(first), get(second)).sorted().toList());
    }

    @Test
    @Says("losing does not cancel it")
    void a_stage_that_loses_goes_on() throws Exception {
      var stage = new CompletableFuture<String>();
      Clause<String> wins = Clause.passed(Deadline.after(Duration.ZERO), () -> "won");
      assertEquals(
          "won", Select.biased(Clause.completed(stage, value -> "lost"), wins).await(NONE));
      assertEquals("won", Select.biased(Clause.ended(stage, end -> "lost"), wins).await(NONE));
      assertFalse(stage.isDone());
    }
  }

  @Nested
  @Says(value = "Once true, true for ever", by = "EventTest.promise1_the_first_value_stays")
  @Of(Event.class)
  @Says(
      value = "Something that happens once and that many wait for, with a value",
      by = {"EventTest.promise1_the_first_value_stays", "EventTest.who_waits_is_given_the_value"})
  @Says(
      value =
          "It is never cancelled: whoever waits for it obeys a token while waiting, and the event"
              + " knows nothing of it",
      by = "EventTest.a_wait_ends_when_its_token_is_cancelled")
  @Says(
      value = {
        "A listener without an executor runs on the thread that sets the event (if several set it"
            + " at once, on one of them)",
        "Has listener told once when this event is set, on the thread that sets it"
      },
      by = "EventTest.a_listener_is_told_once_by_the_thread_that_sets")
  @Says(
      value = {
        "A listener that comes when the event is set already runs (or is submitted) before the"
            + " registering call returns",
        "If it is set already, listener is told now, before this method returns, and what it throws"
            + " leaves this method"
      },
      by = "EventTest.promise7_a_late_listener_is_told_at_once")
  @Says(
      value =
          "Before the first listener runs, the event tells that it is set, and every thread that"
              + " waits for it has been woken",
      by = "EventTest.promise3_who_waits_is_woken_before_the_first_listener")
  @Says(value = "a new event that is not set", by = "EventTest.an_event_is_open_until_it_is_set")
  @Says(value = "never null", by = "EventTest.misuse_names_the_parameter")
  @Says(
      value = "if listeners failed, after all of them were told",
      by = "EventTest.promise9_a_listener_that_fails_keeps_no_other_from_being_told")
  @Says(value = "zero only asks", by = "EventTest.a_wait_of_no_time_only_asks")
  @Says(
      value = "Returns at once, and without a look at the interrupt, if it is set already",
      by = "EventTest.an_event_that_is_set_beats_cancellation_and_interrupt")
  @Says(value = "what may end the wait", by = "EventTest.a_wait_ends_when_its_token_is_cancelled")
  @Says(
      value = "Has listener told on executor once when this event is set",
      by = "EventTest.promise8_a_listener_with_an_executor_is_only_submitted")
  @Says(
      value =
          "It is completed by a daemon thread of this library, never by the thread that sets:"
              + " whatever hangs on it cannot slow down set",
      by = "EventTest.the_stage_is_one_is_completed_by_a_thread_of_ours_and_by_nobody_else")
  @Says(
      value = "Not the value, which may be large or secret",
      by = "EventTest.it_says_its_name_and_whether_it_is_set")
  class OfEvent {
    private int plain;

    @Test
    @Says({
      "All methods may be called from any thread",
      "What a thread did before it set the event happens-before what another does after it saw"
          + " #isSet() return true or was given the value"
    })
    void what_was_done_before_is_seen() throws Exception {
      Event<String> event = Event.create("ready");
      var polls =
          elsewhere(
              () -> {
                while (!event.isSet()) {
                  Thread.onSpinWait();
                }
                return plain;
              });
      var waits =
          elsewhere(
              () -> {
                event.await(NONE);
                return plain;
              });
      var heard = new CompletableFuture<Integer>();
      event.onSet(_ -> heard.complete(plain));
      var stage = event.whenSet().thenApply(_ -> plain).toCompletableFuture();
      plain = 42;
      assertTrue(get(elsewhere(() -> event.set("now"))));
      assertEquals(List.of(42, 42), List.of(get(polls), get(waits)));
      assertEquals(42, heard.get(20, TimeUnit.SECONDS));
      assertEquals(42, stage.get(20, TimeUnit.SECONDS));
    }

    @Test
    @Says(
        "When another call was first, returns at once, while that call may still be telling the"
            + " listeners")
    void a_second_call_does_not_wait() throws Exception {
      Event<String> event = Event.create();
      var telling = new CountDownLatch(1);
      var over = new CountDownLatch(1);
      event.onSet(
          _ -> {
            telling.countDown();
            try {
              over.await();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
          });
      var first = elsewhere(() -> event.set("first"));
      telling.await();
      assertFalse(event.set("second"));
      assertFalse(first.isDone());
      over.countDown();
      assertTrue(get(first));
    }

    @Test
    @Says("in its message, they are callbacks, and to set is to cancel")
    void the_words_of_a_failure() {
      Event<String> event = Event.create("ready");
      event.onSet(
          _ -> {
            throw new IllegalStateException("a listener's");
          });
      var thrown = assertThrows(CancellationCallbackException.class, () -> event.set("now"));
      assertTrue(
          thrown.getMessage().startsWith("1 callback failed while \"ready\" was cancelled"),
          thrown::getMessage);
    }

    @Test
    @Says("zero only asks")
    void a_wait_of_zero_throws_for_an_interrupt_unless_it_is_set() throws Exception {
      Event<String> event = Event.create();
      Thread.currentThread().interrupt();
      assertThrows(InterruptedException.class, () -> event.await(NONE, Duration.ZERO));
      assertThrows(CancelledException.class, () -> event.await(CANCELLED, Duration.ZERO));
      event.set("now");
      Thread.currentThread().interrupt();
      assertEquals("now", event.await(CANCELLED, Duration.ZERO).orElseThrow());
      assertTrue(Thread.interrupted());
    }
  }

  @Nested
  @Of(Futures.class)
  @Says(
      value = "So a second try after a timeout runs, though the first was cancelled",
      by = "FuturesComposeTest.what_is_started_because_a_future_was_ended_is_not_cancelled_with_it")
  @Says(
      value = "whoever ends one that was made from others ends these, if they are not done",
      by = "FuturesAgainstJdkTest.every_method_on_every_future_does_the_same")
  @Says(
      value = "and goes on for ten seconds after it was cancelled, is reported",
      by = "DeafWorkTest.work_that_goes_on_is_listed_and_told_until_it_ends")
  @Says(
      value = "An executor that throws has refused the work, which never begins then",
      by = "ConcurrentForeignCodeTest.an_executor_of_futures_runs_the_work_once_or_never")
  @Says(
      value =
          "A branch that is to be given up alone begins with"
              + " CompletableFuture#minimalCompletionStage()",
      by = "LinkedFutureTest.a_branch_of_its_own_does_not_reach_the_work")
  @Says(
      value =
          "if that one is linked it ends, while a plain future of the JDK, which may be shared,"
              + " goes on",
      by = {
        "FuturesComposeTest.the_second_half_is_reached_however_it_was_composed",
        "FuturesComposeTest.a_shared_plain_future_goes_on"
      })
  @Says(
      value =
          "Not reached are the other futures of thenCombine and its like, and nothing is reached"
              + " through CompletableFuture.allOf and anyOf",
      by = "LinkedFutureTest.either_of_two_may_win_without_stopping_the_other")
  @Says(
      value = "A linked future that was cancelled is done at once",
      by = "LinkedFutureTest.cancelling_the_future_reaches_the_work_and_not_the_token")
  @Says(
      value = {
        "What it gives after all goes to the disposer, or, if only a future made from the first was"
            + " cancelled, into the first",
        "if the future was ended by other hands before"
      },
      by = {
        "FuturesTest.promise20_a_late_value_goes_to_the_disposer",
        "LinkedFutureTest.cancelling_a_future_made_from_it_reaches_the_work"
      })
  @Says(
      value =
          "If the token is cancelled instead, a future of #submit is done when the work has ended",
      by = {
        "FuturesTest.the_future_of_work_that_does_not_listen_ends_with_the_work_and_has_its_value",
        "FuturesUnderTest.under_a_cancelled_token_the_original_is_cancelled_at_once"
      })
  @Says(
      value = "and stages that wait for a value do not run",
      by = {
        "LinkedFutureTest.promise23_stages_after_a_cancel_do_not_run",
        "FuturesTest.cancelling_the_token_ends_the_work_and_then_the_future_with_the_reason"
      })
  @Says(
      value =
          "The callbacks that its work has registered do not run there, but on a thread of this"
              + " library",
      by = "LinkedFutureTest.cancel_runs_no_callback_of_the_work_on_its_thread")
  @Says(
      value = {
        "If the token is cancelled before the work has begun, it never begins",
        "its future is done then, and does not wait for the executor to come to it"
      },
      by = "FuturesTest.promise23_work_queued_behind_a_cancel_never_starts_and_its_future_is_done")
  @Says(
      value = {
        "A task that is submitted has a linked future, and never begins once the token is"
            + " cancelled",
        "A task that is only executed is rejected if the token is cancelled, and dropped if it is"
            + " cancelled before the task begins"
      },
      by = {
        "FuturesExecutorTest.promise23_tasks_overtaken_in_the_queue_never_begin_and_tell_why",
        "FuturesExecutorTest.promise23_under_a_cancelled_token_nothing_is_accepted"
      })
  @Says(
      value =
          "If the token or the linked future is cancelled, cancel(true) is called on the future"
              + " that the stage is, or gives: on a thread of this library",
      by = {
        "FuturesUnderTest.cancelling_the_token_cancels_the_original_by_the_dispatcher",
        "FuturesUnderTest.cancelling_the_linked_future_cancels_the_original_and_not_the_token"
      })
  @Says(
      value = "what may end it",
      by = "FuturesUnderTest.cancelling_the_token_cancels_the_original_by_the_dispatcher")
  @Says(
      value = {
        "what may end the wait",
        "if the token is or becomes cancelled while the future is not done"
      },
      by = {
        "FuturesAwaitTest.await_ends_with_the_token_and_the_future_goes_on",
        "FuturesAwaitTest.a_value_that_is_there_beats_a_cancellation"
      })
  @Says(
      value =
          "If the wait ends before the future, by the token or by an interrupt, the future is"
              + " cancelled with cancel(true), on a thread of this library",
      by = {
        "FuturesAwaitTest.awaitOrCancel_cancels_the_future_by_the_dispatcher",
        "FuturesAwaitTest.an_interrupted_awaitOrCancel_cancels_the_future"
      })
  @Says(
      value = "So a second try after a timeout runs, though the first was cancelled",
      by = "FuturesComposeTest.what_is_started_because_a_future_was_ended_is_not_cancelled_with_it")
  @Says(
      value =
          "and goes on for ten seconds after it was cancelled, is reported, and listed by"
              + " dev.desist.Leftovers until it ends",
      by = "DeafWorkTest.work_that_goes_on_is_listed_and_told_until_it_ends")
  @Says(
      value = "whoever ends one that was made from others ends these, if they are not done",
      by = "FuturesAgainstJdkTest.every_method_on_every_future_does_the_same")
  @Says(value = "It may have got a value just before", advice = true)
  class OfFutures {
    @Test
    @Says(
        "An executor that throws has refused the work, which never begins then, even if it is run"
            + " later all the same")
    void an_executor_that_throws_and_runs_it_later() {
      var kept = new ArrayList<Runnable>();
      var ran = new AtomicInteger();
      assertThrows(
          IllegalStateException.class,
          () ->
              Futures.submit(
                  token,
                  task -> {
                    kept.add(task);
                    throw new IllegalStateException("full");
                  },
                  ran::incrementAndGet));
      kept.getFirst().run();
      assertEquals(0, ran.get());
    }

    @Test
    @Says({
      "if a token or a timeout ends it before, by a daemon thread of this library, and never by the"
          + " thread that cancels the token",
      "as soon as a thread of this library comes to it, also if the token was cancelled before"
    })
    void who_completes_it() throws Exception {
      var threads = new CopyOnWriteArrayList<Thread>();
      var queued = new ArrayList<Runnable>();
      for (CancellationToken each : List.of(token, CANCELLED)) {
        var plain = new CompletableFuture<String>();
        var end =
            Stream.of(
                    Futures.<String>submit(each, queued::add, () -> "never"),
                    Futures.under(each, plain))
                .map(future -> future.whenComplete((_, _) -> threads.add(Thread.currentThread())))
                .toList();
        source.cancel();
        for (var future : end) {
          assertThrows(CancelledException.class, () -> future.get(20, TimeUnit.SECONDS));
        }
        // This thread itself runs the stage of a future that was done when it was added.
        assertTrue(
            each == CANCELLED
                || threads.stream()
                    .allMatch(thread -> thread.isDaemon() && thread != Thread.currentThread()));
      }
    }

    @Test
    @Says({
      "A value that comes too late is not handed on, and stays in the stage",
      "if it has to be closed, such as the body of an answer, add a stage there that does so"
    })
    void a_late_value_stays_in_the_original() throws Exception {
      var original =
          new CompletableFuture<String>() {
            @Override
            public boolean cancel(boolean mayInterruptIfRunning) {
              return false; // as some do
            }
          };
      var closed = new AtomicReference<String>();
      var stage = original.thenAccept(closed::set);
      var linked = Futures.under(token, original);
      source.cancel();
      assertThrows(CancelledException.class, () -> linked.get(20, TimeUnit.SECONDS));
      original.complete("late");
      stage.get(20, TimeUnit.SECONDS);
      assertEquals("late", closed.get());
      assertTrue(linked.isCancelled());
    }

    @Test
    @Says({
      "disposer is given the value, on the thread of the work but not under its token",
      "null values are not handed to it"
    })
    void a_disposer_is_not_under_what_was_cancelled() throws Exception {
      var disposed = new CopyOnWriteArrayList<String>();
      for (String value : new String[] {"late", null}) {
        var begun = new CountDownLatch(1);
        var worker = new AtomicReference<Thread>();
        var future =
            Futures.submit(
                NONE,
                task -> worker.set(Thread.ofPlatform().daemon().start(task)),
                () -> {
                  begun.countDown();
                  Cancellation.current().await();
                  return value;
                },
                given -> {
                  Cancellation.checkpoint();
                  assertSame(worker.get(), Thread.currentThread());
                  disposed.add(given);
                });
        begun.await();
        future.cancel(true);
        worker.get().join();
      }
      assertEquals(List.of("late"), disposed);
    }
  }

  @Nested
  @Of(Latest.class)
  @Says(
      value = {
        "each #submit takes the place of the one before, which is cancelled with the reason"
            + " \"superseded\", and only the outcome of the newest is delivered",
        "Starts task, and cancels the one before"
      },
      by = {
        "LatestTest.a_submission_supersedes_the_one_before_which_is_told_by_whom",
        "LatestTest.promise20_a_late_result_is_not_delivered_but_disposed_of"
      })
  @Says(
      value = {
        "if a newer submission has come meanwhile, it is not delivered",
        "So if all submissions come from the thread of that executor, as in a user interface,"
            + " nothing old is ever delivered after a submission"
      },
      by = {
        "LatestTest.what_waits_for_the_delivering_thread_is_not_delivered_after_a_newer_submission",
        "LatestStressTest.promise20_each_value_is_delivered_or_disposed_of_once_and_nothing_old_after_new"
      })
  @Says(
      value = "A failure that is not the cancellation is logged, at debug level",
      by = "LatestTest.a_late_failure_is_logged_and_a_late_cancellation_is_not")
  @Says(
      value = "or a cancellation that was not its being superseded",
      by = {
        "LatestTest.failures_and_cancellations_of_the_newest_are_delivered",
        "LatestTest.the_end_of_the_token_above_is_delivered"
      })
  @Says(
      value = {
        "If this slot is closed, the task does not start, and its outcome is a cancellation",
        "Nothing is delivered afterwards, but for a delivery that has begun"
      },
      by = "LatestTest.after_close_nothing_is_delivered_and_nothing_starts")
  @Says(
      value = "then nothing of it is delivered, and the one before is cancelled all the same",
      by = "LatestTest.an_executor_that_refuses_tasks_or_deliveries_loses_nothing")
  @Says(
      value = "If it had not been delivered, its outcome still is: a cancellation, as a rule",
      by = {
        "LatestTest.failures_and_cancellations_of_the_newest_are_delivered",
        "LatestTest.what_waits_for_the_delivering_thread_is_delivered_after_cancel"
      })
  @Says(value = "should run them one after another, in order", advice = true)
  class OfLatest {
    private int plain;

    @Test
    @Says(
        "If they come from other threads, a delivery that has begun may overlap with a submission")
    void a_delivery_that_has_begun_goes_on() throws Exception {
      var delivering = new CountDownLatch(1);
      var over = new CountDownLatch(1);
      var delivered = new CopyOnWriteArrayList<Outcome<String>>();
      try (Latest<String> latest =
          Latest.open(
              CancellationToken.none(),
              Runnable::run,
              outcome -> {
                if (delivering.getCount() > 0) {
                  delivering.countDown();
                  try {
                    over.await();
                  } catch (InterruptedException e) {
                    throw new AssertionError(e);
                  }
                }
                delivered.add(outcome);
              })) {
        var _ = latest.submit(() -> "first");
        delivering.await();
        var second = latest.submit(() -> "second").toCompletableFuture();
        second.get(20, TimeUnit.SECONDS);
        over.countDown();
        await().until(() -> delivered.size() == 2);
        assertTrue(delivered.contains(new Outcome.Success<>("first")));
      }
    }

    @Test
    @Says({
      "All methods may be called from any thread",
      "What a thread did before #submit happens-before the task, and that before its delivery"
    })
    void what_happens_before_what() throws Exception {
      var seen = new CompletableFuture<Integer>();
      try (Latest<Integer> latest =
          Latest.open(CancellationToken.none(), Runnable::run, _ -> seen.complete(plain))) {
        plain = 1;
        assertInstanceOf(
            Outcome.Success.class,
            get(elsewhere(
                    () -> {
                      plain++;
                      return latest.submit(() -> plain++);
                    }))
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS));
        assertEquals(3, seen.get(20, TimeUnit.SECONDS));
      }
    }

    @Test
    @Says("completes when the task has ended, with how it ended, whether or not that is delivered")
    void the_stage_tells_how_it_ended() throws Exception {
      var delivered = new CopyOnWriteArrayList<Outcome<String>>();
      try (Latest<String> latest =
          Latest.open(CancellationToken.none(), Runnable::run, delivered::add)) {
        var begun = new CountDownLatch(1);
        var old =
            latest
                .submit(
                    () -> {
                      begun.countDown();
                      Cancellation.current().await();
                      return "old";
                    })
                .toCompletableFuture();
        begun.await();
        var now = latest.submit("named", () -> "new").toCompletableFuture();
        assertEquals(new Outcome.Success<>("new"), now.get(20, TimeUnit.SECONDS));
        assertEquals(new Outcome.Success<>("old"), old.get(20, TimeUnit.SECONDS));
        assertEquals(List.of(new Outcome.Success<>("new")), delivered);
      }
    }

    @Test
    @Says("Does not wait")
    void close_does_not_wait() throws Exception {
      var begun = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      Latest<Boolean> latest = Latest.open(CancellationToken.none(), Runnable::run, _ -> {});
      var stage =
          latest
              .submit(
                  () -> {
                    begun.countDown();
                    return release.await(20, TimeUnit.SECONDS); // hears of nothing
                  })
              .toCompletableFuture();
      begun.await();
      latest.close();
      assertFalse(stage.isDone());
      release.countDown();
      assertEquals(new Outcome.Success<>(true), stage.get(20, TimeUnit.SECONDS));
    }

    @Test
    @Says("neither that nor the consumer runs under the token of the task")
    void delivery_and_disposal_are_not_under_the_task() throws Exception {
      var current = new CopyOnWriteArrayList<CancellationToken>();
      try (Latest<String> latest =
          Latest.open(
              CancellationToken.none(),
              Runnable::run,
              _ -> current.add(Cancellation.current()),
              o -> o.withDisposer(_ -> current.add(Cancellation.current())))) {
        var begun = new CountDownLatch(1);
        var old =
            latest
                .submit(
                    () -> {
                      begun.countDown();
                      Cancellation.current().await();
                      return "old";
                    })
                .toCompletableFuture();
        begun.await();
        latest.submit(() -> "new").toCompletableFuture().get(20, TimeUnit.SECONDS);
        old.get(20, TimeUnit.SECONDS);
        assertEquals(List.of(NONE, NONE), current);
      }
    }
  }

  @Nested
  @Of(Latest.Configuration.class)
  @Says(
      value = {
        "a copy in which a task begins only when the one before has ended",
        "Of several that wait, only the newest ever begins"
      },
      by = "LatestTest.one_at_a_time_the_next_waits_for_the_one_before_and_only_the_newest_begins")
  @Says(
      value =
          "By default it begins at once, beside those that have been cancelled and have not noticed"
              + " yet",
      by = "LatestTest.promise20_a_late_result_is_not_delivered_but_disposed_of")
  @Says(
      value =
          "disposer is given each value that is not delivered, but null, once, on whatever thread"
              + " finds that out",
      by = {
        "LatestStressTest.promise20_each_value_is_delivered_or_disposed_of_once_and_nothing_old_after_new",
        "LatestTest.promise20_what_waits_for_the_delivering_thread_is_disposed_of_after_close"
      })
  class OfLatestConfiguration {
    @Test
    @Says("but null")
    void null_is_not_disposed_of() throws Exception {
      var disposed = new AtomicInteger();
      var waiting = new LinkedBlockingQueue<Runnable>();
      Latest<String> latest =
          Latest.open(
              CancellationToken.none(),
              waiting::add,
              _ -> {},
              o -> o.withDisposer(_ -> disposed.incrementAndGet()));
      var nothing = latest.submit(() -> null).toCompletableFuture();
      Objects.requireNonNull(waiting.poll(20, TimeUnit.SECONDS));
      latest.close();
      assertEquals(new Outcome.Success<>(null), nothing.get(20, TimeUnit.SECONDS));
      assertEquals(0, disposed.get());
    }
  }
}
