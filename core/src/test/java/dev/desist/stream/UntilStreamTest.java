package dev.desist.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Census;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams that end between two items: in which manner, after which item, and what is kept. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class UntilStreamTest {
  private final CancellationSource source = CancellationSource.create("items");
  private final CancellationToken token = source.token();
  private final UntilCancelled thenEnd = UntilCancelled.thenEnd(token);
  private final UntilCancelled thenThrow = UntilCancelled.thenThrow(token);
  private final List<Integer> begun = Collections.synchronizedList(new ArrayList<>());
  private final List<Integer> finished = Collections.synchronizedList(new ArrayList<>());

  /** Going through a stream registers nothing, whichever way it ends. */
  @AfterEach
  void nothing_is_left_with_the_token() {
    if (!source.isCancelled()) {
      assertEquals(Census.EMPTY, Census.of(token));
    }
  }

  /** Deals with an item, and cancels in the middle of the {@code last}. */
  private void dealWith(int item, int last) {
    begun.add(item);
    if (item == last) {
      source.cancel("enough");
    }
    finished.add(item);
  }

  // ---- sequential ----

  /** What was begun is finished, the next never begins, and the stream is over. */
  @Test
  void promise20_it_ends_quietly_after_the_item_under_way() {
    thenEnd.stream(Stream.of(1, 2, 3, 4, 5)).forEach(item -> dealWith(item, 3));
    assertEquals(List.of(1, 2, 3), begun);
    assertEquals(begun, finished);
  }

  /** The same, and the call that goes through the items throws. */
  @Test
  void promise20_it_throws_the_reason_after_the_item_under_way() {
    Stream<Integer> items = thenThrow.stream(Stream.of(1, 2, 3, 4, 5));
    var thrown =
        assertThrows(CancelledException.class, () -> items.forEach(item -> dealWith(item, 3)));
    assertSame(token.reason().orElseThrow(), thrown.reason());
    assertEquals(List.of(1, 2, 3), begun);
    assertEquals(begun, finished);
  }

  /** A stage above, too, begins no item that the end does not finish. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 64})
  void promise20_no_item_is_left_between_the_stages(int stride) {
    Stream<Integer> above = Stream.iterate(1, i -> i + 1).peek(begun::add);
    thenEnd.every(stride).stream(above)
        .forEach(
            item -> {
              finished.add(item);
              if (item == 5) {
                source.cancel();
              }
            });
    assertEquals(begun, finished);
    assertTrue(begun.size() >= 5 && begun.size() < 5 + stride, begun.toString());
  }

  /** The token is asked when the items are gone through, and before the first. */
  @Test
  void a_token_that_is_cancelled_already_lets_nothing_through() {
    source.cancel();
    assertEquals(0, thenEnd.stream(Stream.of(1, 2).peek(begun::add)).toList().size());
    assertEquals(0, thenEnd.stream(Stream.of(1, 2).peek(begun::add)).count());
    Stream<Integer> throwing = thenThrow.stream(Stream.of(1, 2).peek(begun::add));
    assertThrows(CancelledException.class, throwing::toList);
    assertEquals(List.of(), begun);
  }

  /** It is the state when the items are gone through that counts, not that of the making. */
  @Test
  void a_cancellation_between_making_and_going_through_counts() {
    Stream<Integer> items = thenEnd.stream(Stream.of(1, 2));
    source.cancel();
    assertEquals(List.of(), items.toList());
  }

  /** With a stride, at most so many items follow the cancellation, and the rest does not. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 64, 1_000})
  void a_stride_lets_at_most_so_many_items_through(int stride) {
    var items = IntStream.range(0, 10_000).boxed();
    thenEnd.every(stride).stream(items).forEach(item -> dealWith(item, 0));
    assertEquals(stride, finished.size());
    assertEquals(begun, finished);
  }

  /** A part of the stream that is empty, or used up, is not the end of it. */
  @ParameterizedTest
  @ValueSource(ints = {1, 16, 64})
  void the_reason_is_thrown_between_the_parts_of_a_stream_too(int stride) {
    List<Integer> numbers = IntStream.range(0, 640).boxed().toList();
    for (Stream<Integer> first :
        List.of(
            numbers.stream(),
            new LinkedHashSet<>(numbers).stream(),
            numbers.stream().map(number -> number))) {
      var stop = CancellationSource.create();
      var until = UntilCancelled.thenThrow(stop.token()).every(stride);
      var came = new ArrayList<Integer>();
      assertThrows(
          CancelledException.class,
          () ->
              until.stream(Stream.concat(first, numbers.stream()))
                  .forEach(
                      number -> {
                        came.add(number);
                        if (number == 639) {
                          stop.cancel();
                        }
                      }));
      assertTrue(came.size() >= 640 && came.size() < 640 + stride, came.toString());
    }
    source.cancel();
    var none = Stream.concat(Stream.<Integer>of(), numbers.stream());
    assertThrows(
        CancelledException.class, () -> thenThrow.every(stride).stream(none).forEach(begun::add));
    assertEquals(List.of(), begun);
  }

  /** What stands on an iterator gives nothing before it is asked for. */
  @ParameterizedTest
  @ValueSource(ints = {1, 16, 64})
  void promise20_no_item_is_taken_ahead(int stride) {
    var queue = new ArrayDeque<>(IntStream.range(0, 5_000).boxed().toList());
    var taking =
        new Iterator<Integer>() {
          @Override
          public boolean hasNext() {
            return !queue.isEmpty();
          }

          @Override
          public Integer next() {
            return queue.remove();
          }
        };
    var items = StreamSupport.stream(Spliterators.spliterator(taking, 5_000, 0), false);
    thenEnd.every(stride).stream(items).forEach(item -> dealWith(item, 500));
    assertEquals(5_000, begun.size() + queue.size());
  }

  private static Stream<Arguments> sourcesAndStrides() {
    List<Integer> numbers = IntStream.range(0, 1_000).boxed().toList();
    List<Collection<Integer>> sources =
        List.of(
            numbers,
            new ArrayList<>(numbers),
            new ArrayDeque<>(numbers),
            new LinkedHashSet<>(numbers),
            new TreeSet<>(numbers),
            new ConcurrentLinkedQueue<>(numbers));
    return sources.stream()
        .flatMap(items -> Stream.of(15, 16, 64, 2_000).map(stride -> Arguments.of(items, stride)));
  }

  /** Whether a source is gone through part by part or item by item, its order is kept. */
  @ParameterizedTest
  @MethodSource("sourcesAndStrides")
  void promise20_a_block_is_gone_through_in_order(Collection<Integer> items, int stride) {
    assertEquals(List.copyOf(items), thenThrow.every(stride).stream(items.stream()).toList());
    thenEnd.every(stride).stream(items.stream()).forEach(item -> dealWith(item, 500));
    assertEquals(begun, finished);
    assertEquals(List.copyOf(items).subList(0, begun.size()), begun);
    assertTrue(begun.size() > 500 && begun.size() <= 500 + stride, "at most a block: " + begun);
  }

  /** What pulls items one at a time counts the same as what takes them all. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 64})
  void a_stride_counts_items_that_are_pulled(int stride) {
    var items = thenEnd.every(stride).stream(IntStream.range(0, 10_000).boxed()).iterator();
    assertEquals(0, items.next());
    source.cancel();
    int more = 0;
    while (items.hasNext()) {
      items.next();
      more++;
    }
    assertEquals(stride - 1, more);
  }

  /** A stream without an end has one. */
  @Test
  void an_infinite_stream_ends() {
    var count = new AtomicInteger();
    Stream<Integer> endless = Stream.generate(count::incrementAndGet);
    thenEnd.stream(endless).forEach(item -> dealWith(item, 1_000));
    assertEquals(1_000, count.get());
  }

  /** Operations that need not see every item still do not. */
  @Test
  void short_circuits_stay_short() {
    assertEquals(
        3,
        thenEnd.stream(Stream.iterate(1, i -> i + 1).peek(begun::add))
            .filter(i -> i > 2)
            .findFirst()
            .orElseThrow());
    assertEquals(List.of(1, 2, 3), begun);
    assertEquals(List.of(1, 2), thenThrow.stream(Stream.iterate(1, i -> i + 1)).limit(2).toList());
    assertTrue(thenEnd.stream(Stream.iterate(1, i -> i + 1)).anyMatch(i -> i == 9));
  }

  /** A deadline is a cancellation like any other. */
  @Test
  void promise17_it_ends_at_a_deadline() throws Exception {
    var time = new ManualTime();
    CancellationSource limited =
        time.call(() -> CancellationToken.none().childWithTimeout(Duration.ofSeconds(3)));
    UntilCancelled.thenEnd(limited.token()).stream(Stream.iterate(1, i -> i + 1))
        .forEach(
            item -> {
              time.advance(Duration.ofSeconds(1));
              finished.add(item);
            });
    assertEquals(List.of(1, 2, 3), finished);
  }

  /** A source that knows that nothing is left has completed, and completion beats cancellation. */
  @Test
  void a_cancellation_during_the_last_item_comes_too_late_where_the_size_is_known() {
    thenThrow.stream(List.of(1, 2, 3).stream()).forEach(item -> dealWith(item, 3));
    assertEquals(List.of(1, 2, 3), finished);
    thenThrow.every(2).stream(Stream.<Integer>empty()).forEach(finished::add);
    assertEquals(3, finished.size());
  }

  /** One that does not know has not. */
  @Test
  void a_cancellation_during_the_last_item_counts_where_the_size_is_unknown() {
    Stream<Integer> unknown = Stream.of(1, 2, 3).filter(i -> i > 0);
    assertThrows(
        CancelledException.class,
        () -> thenThrow.stream(unknown).forEach(item -> dealWith(item, 3)));
    assertEquals(List.of(1, 2, 3), finished);
  }

  /** Beside the token that is given: the one that was current when the manner was chosen. */
  @Test
  void it_obeys_the_token_that_was_current_as_well() throws Exception {
    UntilCancelled quiet =
        Cancellation.call(token, () -> UntilCancelled.thenEnd(CancellationToken.none()));
    UntilCancelled loud =
        Cancellation.call(token, () -> UntilCancelled.thenThrow(CancellationToken.none()));
    source.cancel();
    assertEquals(List.of(), quiet.stream(Stream.of(1)).toList());
    assertThrows(CancelledException.class, () -> loud.stream(Stream.of(1)).toList());
  }

  /** The failure of an item is the failure of the call, as without this. */
  @Test
  void what_an_item_throws_leaves_as_it_is() {
    var failure = new IllegalStateException("item");
    assertSame(
        failure,
        assertThrows(
            IllegalStateException.class,
            () ->
                thenEnd.stream(Stream.of(1))
                    .forEach(
                        _ -> {
                          throw failure;
                        })));
  }

  // ---- what is kept of the source ----

  /** Closing reaches the handlers of the source, once, and before those added later. */
  @Test
  void close_handlers_are_kept() {
    var closed = new ArrayList<String>();
    Stream<Integer> items =
        thenEnd.stream(Stream.of(1, 2).onClose(() -> closed.add("source")))
            .onClose(() -> closed.add("later"));
    try (items) {
      assertEquals(List.of(1, 2), items.toList());
      assertEquals(List.of(), closed);
    }
    assertEquals(List.of("source", "later"), closed);
    thenEnd.stream(IntStream.of(1).onClose(() -> closed.add("int"))).close();
    thenEnd.stream(LongStream.of(1).onClose(() -> closed.add("long"))).close();
    thenEnd.stream(DoubleStream.of(1).onClose(() -> closed.add("double"))).close();
    assertEquals(List.of("source", "later", "int", "long", "double"), closed);
  }

  /** Also after the end by a cancellation, in either manner. */
  @Test
  void a_cancelled_stream_can_be_closed() {
    var closed = new AtomicInteger();
    try (Stream<Integer> items =
        thenThrow.stream(Stream.of(1, 2).onClose(closed::incrementAndGet))) {
      assertThrows(CancelledException.class, () -> items.forEach(item -> dealWith(item, 1)));
    }
    assertEquals(1, closed.get());
  }

  /** Size, order and the rest: true as before where none can be missing, else all but the size. */
  @Test
  void characteristics_are_kept_where_they_are_true() {
    List<Integer> list = List.of(1, 2, 3);
    int all = list.stream().spliterator().characteristics();
    int sizes = Spliterator.SIZED | Spliterator.SUBSIZED;
    assertEquals(all, thenThrow.stream(list.stream()).spliterator().characteristics());
    assertEquals(all & ~sizes, thenEnd.stream(list.stream()).spliterator().characteristics());
    assertEquals(3, thenEnd.stream(list.stream()).spliterator().estimateSize());
    assertEquals(3, thenThrow.stream(list.stream()).spliterator().getExactSizeIfKnown());
    assertEquals(-1, thenEnd.stream(list.stream()).spliterator().getExactSizeIfKnown());
  }

  /** A sorted source stays sorted, by its own comparator. */
  @Test
  void the_comparator_is_kept() {
    var natural = new TreeSet<>(List.of(2, 1));
    var reversed = new TreeSet<Integer>(Comparator.reverseOrder());
    assertNull(thenEnd.iterable(natural).spliterator().getComparator());
    assertSame(reversed.comparator(), thenEnd.iterable(reversed).spliterator().getComparator());
    assertEquals(List.of(1, 2), thenEnd.stream(natural.stream()).sorted().toList());
  }

  /** For the token that is never cancelled there is nothing to do, and nothing is done. */
  @Test
  void promise5_none_gives_the_source_back() {
    UntilCancelled never = UntilCancelled.thenEnd(CancellationToken.none()).every(7);
    var objects = Stream.of(1);
    var ints = IntStream.of(1);
    var longs = LongStream.of(1);
    var doubles = DoubleStream.of(1);
    assertSame(objects, never.stream(objects));
    assertSame(ints, never.stream(ints));
    assertSame(longs, never.stream(longs));
    assertSame(doubles, never.stream(doubles));
  }

  // ---- streams of numbers, sequential and parallel ----

  /** The four kinds of stream, each of 0 to 9,999, with what is put in between. */
  interface Kind {
    List<Integer> through(UntilCancelled until, boolean parallel, UnaryOperator<Integer> stage);
  }

  static Stream<Kind> kinds() {
    return Stream.of(
        (until, parallel, stage) -> {
          var all = IntStream.range(0, 10_000).boxed();
          return until.stream(parallel ? all.parallel() : all).map(stage).toList();
        },
        (until, parallel, stage) -> {
          var all = IntStream.range(0, 10_000);
          return until.stream(parallel ? all.parallel() : all).mapToObj(stage::apply).toList();
        },
        (until, parallel, stage) -> {
          var all = LongStream.range(0, 10_000);
          return until.stream(parallel ? all.parallel() : all)
              .mapToObj(item -> stage.apply((int) item))
              .toList();
        },
        (until, parallel, stage) -> {
          var all = IntStream.range(0, 10_000).asDoubleStream();
          return until.stream(parallel ? all.parallel() : all)
              .mapToObj(item -> stage.apply((int) item))
              .toList();
        });
  }

  /** Without a cancellation everything comes through, in order. */
  @ParameterizedTest
  @MethodSource("kinds")
  void without_a_cancellation_nothing_is_different(Kind kind) {
    var expected = IntStream.range(0, 10_000).boxed().toList();
    for (UntilCancelled until : List.of(thenEnd, thenThrow, thenEnd.every(64))) {
      assertEquals(expected, kind.through(until, false, item -> item));
      assertEquals(expected, kind.through(until, true, item -> item));
    }
  }

  /** One after the other: what came before the cancellation, and nothing after. */
  @ParameterizedTest
  @MethodSource("kinds")
  void a_sequential_stream_gives_the_items_before_the_cancellation(Kind kind) {
    List<Integer> result =
        kind.through(
            thenEnd,
            false,
            item -> {
              dealWith(item, 99);
              return item;
            });
    assertEquals(IntStream.range(0, 100).boxed().toList(), result);
    assertEquals(result, finished);
  }

  /** In parallel: what was begun is finished and in the result; the rest never begins. */
  @ParameterizedTest
  @MethodSource("kinds")
  void promise20_a_parallel_stream_gives_what_was_begun(Kind kind) {
    List<Integer> result =
        kind.through(
            thenEnd,
            true,
            item -> {
              begun.add(item);
              if (begun.size() >= 50) {
                source.cancel();
              }
              finished.add(item);
              return item;
            });
    assertTrue(result.size() >= 50 && result.size() < 10_000, "" + result.size());
    assertEquals(result.stream().sorted().toList(), result, "in order");
    assertEquals(result, finished.stream().sorted().toList());
    assertEquals(begun.size(), finished.size());
  }

  /** In parallel, too, the call throws the reason, whichever thread came upon it. */
  @ParameterizedTest
  @MethodSource("kinds")
  void a_parallel_stream_throws_the_reason(Kind kind) {
    var thrown =
        assertThrows(
            CancelledException.class,
            () ->
                kind.through(
                    thenThrow,
                    true,
                    item -> {
                      source.cancel("enough");
                      return item;
                    }));
    assertSame(token.reason().orElseThrow(), thrown.reason());
  }

  // ---- parallel ----

  /** The ways to use up a parallel stream, none of which may count on a size. */
  @Test
  void every_way_to_use_up_a_parallel_stream_works() {
    UntilCancelled until = thenEnd.every(3);
    for (int round = 0; round < 20; round++) {
      assertEquals(1_000, until.stream(numbers()).toList().size());
      assertEquals(1_000, until.stream(numbers()).toArray().length);
      assertEquals(1_000, until.stream(numbers()).count());
      assertEquals(1_000, until.stream(numbers()).collect(Collectors.toSet()).size());
      assertEquals(499_500, until.stream(numbers()).collect(Collectors.summingInt(item -> item)));
      assertEquals(499_500, until.stream(numbers()).mapToInt(item -> item).sum());
      assertEquals(999, until.stream(numbers()).sorted().skip(999).findFirst().orElseThrow());
      var seen = new AtomicInteger();
      until.stream(numbers()).forEach(_ -> seen.incrementAndGet());
      until.stream(numbers()).forEachOrdered(_ -> seen.incrementAndGet());
      assertEquals(2_000, seen.get());
    }
    source.cancel();
    assertEquals(0, until.stream(numbers()).toArray().length);
    assertEquals(0, until.stream(numbers()).sorted().toList().size());
    assertEquals(List.of(), until.stream(numbers()).collect(Collectors.toList()));
  }

  private static Stream<Integer> numbers() {
    return IntStream.range(0, 1_000).boxed().parallel();
  }

  /** A part that has not begun when the token is cancelled does not even ask its source. */
  @Test
  void promise23_parts_that_wait_for_a_thread_never_begin() {
    Stream<Integer> above =
        IntStream.range(0, 100_000)
            .parallel()
            .mapToObj(
                item -> {
                  begun.add(item);
                  source.cancel();
                  return item;
                });
    thenEnd.stream(above).forEach(finished::add);
    assertTrue(begun.size() <= ForkJoinPool.getCommonPoolParallelism() + 1, begun.toString());
    assertEquals(begun.stream().sorted().toList(), finished.stream().sorted().toList());
  }

  /** It stays what it was, and can be made the other. */
  @Test
  void parallel_stays_parallel_and_sequential_sequential() {
    assertTrue(thenEnd.stream(numbers()).isParallel());
    assertFalse(thenEnd.stream(numbers().sequential()).isParallel());
    assertTrue(thenEnd.stream(IntStream.of(1).parallel()).isParallel());
    assertEquals(1_000, thenEnd.stream(numbers().sequential()).parallel().toList().size());
  }

  // ---- from another thread ----

  /**
   * In many rounds: everything that was begun is finished, and at most the item whose turn it was
   * begins after {@code cancel} has returned.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 8})
  void promise20_cancelled_from_another_thread_it_ends_between_items(int stride) throws Exception {
    for (int round = 0; round < 300; round++) {
      CancellationSource stop = CancellationSource.create();
      var counts = new AtomicInteger[] {new AtomicInteger(), new AtomicInteger()};
      UntilCancelled until = UntilCancelled.thenEnd(stop.token()).every(stride);
      Thread worker =
          Thread.ofPlatform()
              .start(
                  () ->
                      until.stream(Stream.generate(() -> 1).peek(_ -> counts[0].incrementAndGet()))
                          .forEach(_ -> counts[1].incrementAndGet()));
      int goal = round % 50;
      while (counts[0].get() < goal) {
        Thread.onSpinWait();
      }
      stop.cancel();
      int begunByThen = counts[0].get();
      worker.join();
      assertEquals(counts[0].get(), counts[1].get(), "begun and finished");
      assertTrue(counts[0].get() <= begunByThen + stride, "begun after the cancellation");
    }
  }

  // ---- misuse ----

  /** Bad input is refused where it is passed, also where there is nothing to end. */
  @Test
  @SuppressWarnings({"NullAway", "DataFlowIssue"}) // passing null is the point
  void misuse_names_the_parameter() {
    for (UntilCancelled until :
        List.of(thenEnd, UntilCancelled.thenThrow(CancellationToken.none()))) {
      refuses("source", () -> until.stream((Stream<Object>) null));
      refuses("source", () -> until.stream((IntStream) null));
      refuses("source", () -> until.stream((LongStream) null));
      refuses("source", () -> until.stream((DoubleStream) null));
      refuses("source", () -> until.iterator(null));
      refuses("source", () -> until.iterable(null));
      refuses("source", () -> until.publisher(null));
      refuses("target", () -> until.subscriber(null));
      refuses("next", () -> until.items(null));
      refuses("next", () -> until.stream((Callable<Object>) null));
    }
    refuses("token", () -> UntilCancelled.thenEnd(null));
    refuses("token", () -> UntilCancelled.thenThrow(null));
    assertEquals(
        "stride must be positive: 0",
        assertThrows(IllegalArgumentException.class, () -> thenEnd.every(0)).getMessage());
    assertEquals("UntilCancelled[then end, every 1, " + token + "]", thenEnd.toString());
    assertEquals(
        "UntilCancelled[then throw, every 9, " + token + "]", thenThrow.every(9).toString());
  }

  private static void refuses(String parameter, Executable call) {
    assertEquals(parameter, assertThrows(NullPointerException.class, call).getMessage());
  }
}
