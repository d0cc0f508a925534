package dev.desist.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.contract.SentencesTest.Of;
import dev.desist.contract.SentencesTest.Says;
import dev.desist.stream.UntilCancelled;
import dev.desist.testkit.Hygiene;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What the API documentation of {@code dev.desist.stream} says, sentence by sentence. What is shown
 * by tests of the package already is named at the head.
 */
@ExtendWith(Hygiene.class)
@Timeout(30)
@Says(
    value = "After the end, source is where it was, and can be gone on with",
    by = "UntilIteratorTest.promise20_the_source_can_be_gone_on_with")
@Of(UntilCancelled.class)
@Says(
    value = "what was handed out is dealt with to its end, and the next never begins",
    by = {
      "UntilIteratorTest.promise20_a_loop_ends_after_the_turn_it_is_in",
      "UntilStreamTest.promise20_it_ends_quietly_after_the_item_under_way",
      "UntilSubscriberTest.promise20_the_end_waits_for_the_item_under_way"
    })
@Says(
    value =
        "It is asked before the source is, so an item that is ready loses to a cancellation, and"
            + " stays where it is",
    by = {
      "UntilIteratorTest.promise20_the_source_can_be_gone_on_with",
      "ItemsTest.promise20_what_was_not_taken_is_still_in_the_queue",
      "UntilStreamTest.promise20_no_item_is_taken_ahead"
    })
@Says(
    value = "each is parsed and passed on to the end of the stream or not at all",
    by = "UntilStreamTest.promise20_no_item_is_left_between_the_stages")
@Says(
    value = "Streams may be parallel",
    by = "UntilStreamTest.parallel_stays_parallel_and_sequential_sequential")
@Says(
    value = "So the items that were dealt with need not be the first ones",
    by = "UntilStreamTest.promise20_a_parallel_stream_gives_what_was_begun")
@Says(
    value =
        "If it throws, the call that goes through it throws as soon as one part does, as with every"
            + " exception, and items that other parts have begun may be finished after that",
    by = "UntilStreamTest.a_parallel_stream_throws_the_reason")
@Says(
    value = "when it gives an item all the same, that is handed out",
    by = "ItemsTest.promise20_an_item_beats_the_cancellation_that_came_while_it_was_fetched")
@Says(
    value = "it is done by the thread that is in onNext, when it comes out",
    by = {
      "UntilSubscriberTest.promise20_the_end_waits_for_the_item_under_way",
      "UntilSubscriberTest.an_item_that_comes_too_late_is_dropped"
    })
class StreamContractTest {
  private final CancellationSource source = CancellationSource.create("items");
  private final CancellationToken token = source.token();
  private final UntilCancelled thenEnd = UntilCancelled.thenEnd(token);
  private final UntilCancelled thenThrow = UntilCancelled.thenThrow(token);

  private static <T> FutureTask<T> elsewhere(Callable<T> body) {
    var task = new FutureTask<>(body);
    Thread.ofPlatform().daemon().start(task);
    return task;
  }

  private static <T> T get(FutureTask<T> task) throws Exception {
    return task.get(20, TimeUnit.SECONDS);
  }

  /** How many of ten items come through, if the third cancels. */
  private long through(UntilCancelled until, Stream<Integer> items) {
    return until.stream(items)
        .peek(
            item -> {
              if (item == 3) {
                source.cancel();
              }
            })
        .count();
  }

  @Test
  @Says("The token is asked before each item, or, with #every, before each n-th")
  void it_asks_before_each() {
    assertEquals(3, through(thenEnd, IntStream.rangeClosed(1, 10).boxed().filter(i -> i > 0)));
  }

  @Test
  @Says("the same, but the token is asked only before the first item and then before every n-th")
  void it_asks_before_every_fourth() {
    assertEquals(
        4, through(thenEnd.every(4), IntStream.rangeClosed(1, 10).boxed().filter(i -> i > 0)));
    assertEquals(0, thenEnd.every(4).stream(Stream.of(1, 2)).filter(i -> true).count());
  }

  @Test
  @Says(
      "Where items are waited for or published, which takes longer anyway, the token is always"
          + " asked")
  void where_items_are_waited_for_it_is_always_asked() throws Exception {
    var queue = new LinkedBlockingQueue<>(List.of(1, 2, 3, 4));
    assertEquals(
        2,
        thenEnd.every(100).stream(queue::take)
            .peek(item -> assertTrue(item != 2 || source.cancel()))
            .count());
    assertEquals(List.of(3, 4), List.copyOf(queue));
    var published = new ArrayList<Integer>();
    Flow.Publisher<Integer> publisher =
        subscriber -> {
          subscriber.onSubscribe(new Nothing());
          subscriber.onNext(1);
          subscriber.onNext(2);
        };
    try (var other = CancellationSource.create()) {
      UntilCancelled.thenEnd(other.token())
          .every(100)
          .publisher(publisher)
          .subscribe(
              new Notes() {
                @Override
                public void onNext(Integer item) {
                  published.add(item);
                  other.cancel();
                }
              });
    }
    assertEquals(List.of(1), published);
  }

  @Test
  @Says("@throws IllegalArgumentException if the stride is not positive")
  void a_stride_is_positive() {
    assertEquals(
        "stride must be positive: 0",
        assertThrows(IllegalArgumentException.class, () -> thenEnd.every(0)).getMessage());
  }

  @Test
  @Says({
    "A cancellation after the last item counts, too, unless the end has been seen by then, or the"
        + " source is a stream or a spliterator that knows its size",
    "an iterator is not asked for the end once the token is cancelled, so a loop over a list, too,"
        + " ends in the chosen manner"
  })
  void a_cancellation_after_the_last_item() {
    List<Integer> list = List.of(1, 2);
    var seen = new AtomicInteger();
    assertThrows(
        CancelledException.class,
        () -> {
          for (int item : thenThrow.iterable(list)) {
            seen.incrementAndGet();
            assertTrue(item != 2 || source.cancel());
          }
        });
    assertEquals(2, seen.get());
    try (var other = CancellationSource.create()) {
      var until = UntilCancelled.thenThrow(other.token());
      assertEquals(
          list,
          until.stream(list.stream())
              .peek(item -> assertTrue(item != 2 || other.cancel()))
              .toList());
    }
    try (var other = CancellationSource.create()) {
      var until = UntilCancelled.thenThrow(other.token());
      assertThrows(
          CancelledException.class,
          () ->
              until.stream(list.stream().filter(item -> true)) // does not know its size
                  .forEach(item -> assertTrue(item != 2 || other.cancel())));
    }
    try (var other = CancellationSource.create()) {
      Iterator<Integer> items = UntilCancelled.thenThrow(other.token()).iterator(list.iterator());
      items.next();
      items.next();
      assertFalse(items.hasNext()); // the end has been seen
      other.cancel();
      assertFalse(items.hasNext());
    }
  }

  @Test
  @Says({
    "a stage above it that collects everything before it passes anything on, such as sorted, is not"
        + " ended, and one below it goes on with what it has collected"
  })
  void stages_that_collect() {
    var above = new AtomicInteger();
    var items = new ArrayList<Integer>();
    thenEnd.stream(
            Stream.of(3, 2, 1)
                .peek(_ -> above.incrementAndGet())
                .peek(_ -> source.cancel())
                .sorted())
        .forEach(items::add);
    assertEquals(3, above.get());
    assertEquals(List.of(1), items); // that was asked for when all were collected
    items.clear();
    try (var other = CancellationSource.create()) {
      UntilCancelled.thenEnd(other.token()).stream(Stream.of(3, 2, 1, 0))
          .peek(item -> assertTrue(item != 2 || other.cancel()))
          .sorted()
          .forEach(items::add);
    }
    assertEquals(List.of(2, 3), items);
  }

  @Test
  @Says({
    "An object of this class is a value, immutable, and can be used any number of times, also by"
        + " several threads at once",
    "only the end of an idle subscription is signalled by a thread of this library"
  })
  void one_for_several_threads() throws Exception {
    var meet = new CountDownLatch(2);
    Callable<List<Thread>> goes =
        () ->
            thenEnd.stream(Stream.of(1, 2))
                .map(
                    _ -> {
                      meet.countDown();
                      try {
                        assertTrue(meet.await(20, TimeUnit.SECONDS));
                      } catch (InterruptedException e) {
                        throw new AssertionError(e);
                      }
                      return Thread.currentThread();
                    })
                .distinct()
                .toList();
    var first = elsewhere(goes);
    var second = elsewhere(goes);
    assertEquals(1, get(first).size());
    assertNotSame(get(first).getFirst(), get(second).getFirst());
    var end = new CompletableFuture<Thread>();
    thenEnd
        .publisher((Flow.Publisher<Integer>) subscriber -> subscriber.onSubscribe(new Nothing()))
        .subscribe(
            new Notes() {
              @Override
              public void onComplete() {
                end.complete(Thread.currentThread());
              }
            });
    source.cancel();
    Thread thread = end.get(20, TimeUnit.SECONDS);
    assertNotSame(Thread.currentThread(), thread);
    assertTrue(thread.isDaemon());
  }

  @Test
  @Says("If it may end quietly, it no longer knows its size")
  void what_it_knows_of_its_size() {
    assertEquals(-1, thenEnd.stream(Stream.of(1, 2)).spliterator().getExactSizeIfKnown());
    assertEquals(2, thenThrow.stream(Stream.of(1, 2)).spliterator().getExactSizeIfKnown());
  }

  @Test
  @Says({
    "after which it is not called again by that iterator",
    "gives the next item, or null at the end, after which it is not called again"
  })
  void after_null_nothing_is_asked() {
    var calls = new AtomicInteger();
    Iterator<Object> items =
        thenEnd
            .items(
                () -> {
                  calls.incrementAndGet();
                  return null;
                })
            .iterator();
    assertFalse(items.hasNext());
    assertFalse(items.hasNext());
    assertEquals(1, calls.get());
    assertEquals(
        0,
        thenEnd.stream(
                () -> {
                  calls.incrementAndGet();
                  return null;
                })
            .count());
    assertEquals(2, calls.get());
  }

  @Test
  @Says(
      "If the token is cancelled before somebody subscribes, source is not asked at all, and the"
          + " subscriber hears the end before subscribe returns")
  void who_subscribes_too_late() {
    source.cancel();
    var asked = new AtomicInteger();
    var end = new ArrayList<Throwable>();
    thenThrow
        .publisher((Flow.Publisher<Integer>) _ -> asked.incrementAndGet())
        .subscribe(
            new Notes() {
              @Override
              public void onError(Throwable failure) {
                end.add(failure);
              }
            });
    assertEquals(0, asked.get());
    assertSame(CancelledException.class, end.getFirst().getClass());
  }

  @Test
  @Says("never by the thread that cancels the token, unless it is itself in onNext")
  void who_cancels_in_onNext_says_the_end_when_it_comes_out() throws Exception {
    var told = new CountDownLatch(1);
    var end = new CompletableFuture<Thread>();
    thenEnd
        .publisher(
            (Flow.Publisher<Integer>)
                subscriber -> {
                  subscriber.onSubscribe(
                      new Nothing() {
                        @Override
                        public void cancel() {
                          told.countDown();
                        }
                      });
                  subscriber.onNext(1);
                })
        .subscribe(
            new Notes() {
              @Override
              public void onNext(Integer item) {
                source.cancel();
                try {
                  assertTrue(told.await(20, TimeUnit.SECONDS)); // by the dispatcher
                } catch (InterruptedException e) {
                  throw new AssertionError(e);
                }
                assertFalse(end.isDone());
              }

              @Override
              public void onComplete() {
                end.complete(Thread.currentThread());
              }
            });
    assertSame(Thread.currentThread(), end.get(20, TimeUnit.SECONDS));
  }

  /** A subscription to nothing. */
  private static class Nothing implements Flow.Subscription {
    @Override
    public void request(long count) {}

    @Override
    public void cancel() {}
  }

  /** A subscriber that hears nothing. */
  private static class Notes implements Flow.Subscriber<Integer> {
    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(Integer item) {}

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onComplete() {}
  }
}
