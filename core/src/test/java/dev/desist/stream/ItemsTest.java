package dev.desist.stream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Census;
import dev.desist.concurrent.Blocking;
import dev.desist.concurrent.Clause;
import dev.desist.concurrent.Parked;
import dev.desist.concurrent.Select;
import dev.desist.concurrent.SelectableQueue;
import dev.desist.io.CancellableInputStream;
import dev.desist.io.CancellableLineReader;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Items that are waited for: from queues, from lines, from whatever gives one at a time. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class ItemsTest {
  private final CancellationSource source = CancellationSource.create("consumer");
  private final CancellationToken token = source.token();
  private final UntilCancelled thenEnd = UntilCancelled.thenEnd(token);
  private final UntilCancelled thenThrow = UntilCancelled.thenThrow(token);
  private final BlockingQueue<String> queue = new LinkedBlockingQueue<>();
  private final List<String> done = Collections.synchronizedList(new ArrayList<>());

  private List<String> drain(UntilCancelled until) {
    until.<String>items(() -> Blocking.interruptibly(token, queue::take)).forEach(done::add);
    return done;
  }

  // ---- queues ----

  /** Whoever waits for the next element is woken, and the loop is over. */
  @Test
  void a_consumer_that_waits_ends_quietly() throws Exception {
    queue.addAll(List.of("a", "b"));
    var consumer = Parked.in(() -> drain(thenEnd));
    source.cancel();
    assertEquals(List.of("a", "b"), consumer.get());
    queue.add("c");
    assertEquals(List.of("c"), List.copyOf(queue));
    assertFalse(consumer.thread().isInterrupted());
  }

  /** The same, and the loop throws the reason of the token. */
  @Test
  void a_consumer_that_waits_ends_with_the_reason() {
    queue.add("a");
    var consumer = Parked.in(() -> drain(thenThrow));
    source.cancel("enough");
    var thrown = assertThrows(CancelledException.class, consumer::get);
    assertSame(token.reason().orElseThrow(), thrown.reason());
    assertEquals(List.of("a"), done);
  }

  /** A deadline ends it as a cancellation does. */
  @Test
  void promise17_a_consumer_ends_at_a_deadline() throws Exception {
    var time = new ManualTime();
    CancellationSource limited =
        time.call(() -> CancellationToken.none().childWithTimeout(Duration.ofSeconds(3)));
    var consumer = Parked.in(() -> drain(UntilCancelled.thenEnd(limited.token())));
    time.advance(Duration.ofSeconds(3));
    assertEquals(List.of(), consumer.get());
    assertEquals(0, time.pending());
  }

  /** An element that is there when the token has been cancelled stays there. */
  @Test
  void promise20_what_was_not_taken_is_still_in_the_queue() {
    queue.addAll(List.of("a", "b", "c"));
    for (String element : thenEnd.<String>items(() -> Blocking.interruptibly(token, queue::take))) {
      done.add(element);
      source.cancel();
    }
    assertEquals(List.of("a"), done);
    assertEquals(List.of("b", "c"), List.copyOf(queue));
    assertEquals(List.of("a"), drain(thenEnd), "nothing more");
  }

  /**
   * In many rounds: an element is put and the token cancelled at the same time, and it is handed
   * over or still there.
   */
  @Test
  void promise20_an_element_is_handed_over_or_still_in_the_queue() throws Exception {
    for (int round = 0; round < 300; round++) {
      CancellationSource stop = CancellationSource.create();
      var elements = new LinkedBlockingQueue<Integer>();
      var taken = new AtomicInteger();
      Iterable<Integer> items =
          UntilCancelled.thenEnd(stop.token())
              .items(() -> Blocking.interruptibly(stop.token(), elements::take));
      Thread consumer =
          Thread.ofPlatform().start(() -> items.forEach(_ -> taken.incrementAndGet()));
      Thread producer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; i < 20; i++) {
                      elements.add(i);
                    }
                  });
      for (int i = 0; i < round * 20; i++) {
        Thread.onSpinWait();
      }
      stop.cancel();
      producer.join();
      consumer.join();
      assertEquals(20, taken.get() + elements.size());
    }
  }

  /** A queue without room of its own hands over to nobody who has left. */
  @Test
  void promise20_a_synchronous_queue_keeps_its_producer_waiting() throws Exception {
    var handOver = new SynchronousQueue<String>();
    Iterable<String> items = thenEnd.items(() -> Blocking.interruptibly(token, handOver::take));
    var consumer =
        Parked.in(
            () -> {
              items.forEach(done::add);
              return done;
            });
    handOver.put("a");
    source.cancel();
    assertEquals(List.of("a"), consumer.get());
    assertFalse(handOver.offer("b"));
  }

  /** A selection, which waits for several queues at once, is a source like any other. */
  @Test
  void a_selection_gives_items() throws Exception {
    SelectableQueue<String> urgent = SelectableQueue.unbounded();
    SelectableQueue<String> normal = SelectableQueue.unbounded();
    Select<String> next =
        Select.biased(
            Clause.taken(urgent, element -> element), Clause.taken(normal, element -> element));
    normal.add("n");
    urgent.add("u");
    var consumer =
        Parked.in(
            () -> {
              thenEnd.<String>items(() -> next.await(token)).forEach(done::add);
              return done;
            });
    source.cancel();
    assertEquals(List.of("u", "n"), consumer.get());
  }

  /** As a stream, with all its operations. */
  @Test
  void a_queue_as_a_stream() throws Exception {
    queue.addAll(List.of("a", "b", "c"));
    Stream<String> items = thenEnd.stream(() -> Blocking.interruptibly(token, queue::take));
    assertEquals(List.of("A", "B"), items.map(String::toUpperCase).limit(2).toList());
    assertEquals(List.of("c"), List.copyOf(queue), "nothing was read ahead");
    Stream<String> rest = thenEnd.stream(() -> Blocking.interruptibly(token, queue::take));
    var consumer = Parked.in(rest.parallel()::toList);
    source.cancel();
    assertEquals(List.of("c"), consumer.get());
  }

  // ---- lines ----

  /** A wait in the middle of a line ends, and loses none of it. */
  @Test
  void promise20_lines_end_and_half_a_line_is_kept() throws Exception {
    try (var out = new PipedOutputStream();
        CancellableLineReader reader =
            CancellableInputStream.pumping(new PipedInputStream(out)).lines(UTF_8)) {
      out.write("one\ntwo\nth".getBytes(UTF_8));
      var consumer =
          Parked.in(
              () -> {
                thenEnd
                    .<String>items(() -> reader.readLine(Cancellation.current()))
                    .forEach(done::add);
                return done;
              });
      await().until(() -> done.size() == 2);
      source.cancel();
      assertEquals(List.of("one", "two"), consumer.get());
      out.write("ree\n".getBytes(UTF_8));
      out.flush();
      assertEquals("three", reader.readLine(Cancellation.current()));
    }
  }

  /** Null is the end, and the source is not asked again after it. */
  @Test
  void null_is_the_end() {
    var reader = new BufferedReader(new StringReader("one\ntwo\n"));
    var calls = new AtomicInteger();
    Iterator<String> lines =
        thenThrow
            .<String>items(
                () -> {
                  calls.incrementAndGet();
                  return reader.readLine();
                })
            .iterator();
    lines.forEachRemaining(done::add);
    assertEquals(List.of("one", "two"), done);
    source.cancel();
    assertFalse(lines.hasNext());
    assertEquals(3, calls.get());
  }

  /** The lines of a plain reader end between two of them. */
  @Test
  void lines_of_a_plain_reader_end_between_two() {
    var reader = new BufferedReader(new StringReader("one\ntwo\nthree\n"));
    thenEnd.stream(reader.lines())
        .forEach(
            line -> {
              done.add(line);
              if (line.equals("two")) {
                source.cancel();
              }
            });
    assertEquals(List.of("one", "two"), done);
    assertEquals(List.of("three"), reader.lines().toList());
  }

  // ---- what the function sees and throws ----

  /** The token is the current one for the function alone, not for those who deal with the items. */
  @Test
  void the_token_is_current_for_the_function() {
    var seen = new ArrayList<CancellationToken>();
    Iterator<CancellationToken> items =
        thenEnd.<CancellationToken>items(Cancellation::current).iterator();
    seen.add(items.next());
    assertSame(CancellationToken.none(), Cancellation.current());
    Cancellation.run(token, () -> seen.add(items.next()));
    assertEquals(List.of(token, token), seen);
  }

  /** Under another current token the function obeys both, linked once for all items. */
  @Test
  void promise14_an_outer_token_is_linked_once() {
    CancellationSource outer = CancellationSource.create("outer");
    Iterator<CancellationToken> items =
        thenEnd.<CancellationToken>items(Cancellation::current).iterator();
    Cancellation.run(
        outer.token(),
        () -> {
          CancellationToken both = items.next();
          for (int i = 0; i < 1_000; i++) {
            assertSame(both, items.next());
          }
          assertEquals(new Census(1, 0), Census.of(token));
          outer.cancel();
          assertTrue(both.isCancelled());
        });
  }

  /** The cancellation of another token is a failure, however quietly this one would end. */
  @Test
  void a_cancellation_by_another_token_is_not_the_end() {
    CancellationSource outer = CancellationSource.create("outer");
    var consumer = Parked.in(() -> Cancellation.call(outer.token(), () -> drain(thenEnd)));
    outer.cancel();
    var thrown = assertThrows(CancelledException.class, consumer::get);
    assertSame(outer.token().reason().orElseThrow(), thrown.reason());
    assertFalse(token.isCancelled());
  }

  /** Somebody else's interrupt is no end either: it throws, and the thread stays interrupted. */
  @Test
  void an_interrupt_by_somebody_else_is_not_the_end() throws Exception {
    var consumer =
        Parked.in(
            () -> {
              var thrown = assertThrows(CancelledException.class, () -> drain(thenEnd));
              assertInstanceOf(CancellationReason.Interrupted.class, thrown.reason());
              assertInstanceOf(InterruptedException.class, thrown.getCause());
              return Thread.currentThread().isInterrupted();
            });
    consumer.thread().interrupt();
    assertTrue(consumer.get());
  }

  /** What the function throws comes as it is, or wrapped where an iterator may not throw it. */
  @Test
  void failures_of_the_function_leave_has_next() {
    var unchecked = new IllegalStateException("unchecked");
    assertSame(unchecked, assertThrows(IllegalStateException.class, failing(unchecked)::hasNext));
    var failed = new IOException("failed");
    assertSame(
        failed, assertThrows(UncheckedIOException.class, failing(failed)::hasNext).getCause());
    var checked = new Exception("checked");
    assertSame(
        checked, assertThrows(CompletionException.class, failing(checked)::hasNext).getCause());
    Error error = new AssertionError("error");
    Iterator<String> broken =
        thenEnd
            .<String>items(
                () -> {
                  throw error;
                })
            .iterator();
    assertSame(error, assertThrows(AssertionError.class, broken::hasNext));
  }

  private Iterator<String> failing(Exception failure) {
    return thenEnd
        .<String>items(
            () -> {
              throw failure;
            })
        .iterator();
  }

  /** An item that came although the token had been cancelled meanwhile is handed out. */
  @Test
  void promise20_an_item_beats_the_cancellation_that_came_while_it_was_fetched() {
    Iterator<String> items =
        thenThrow
            .<String>items(
                () -> {
                  source.cancel();
                  return "a";
                })
            .iterator();
    assertTrue(items.hasNext());
    assertEquals("a", items.next());
    assertThrows(CancelledException.class, items::hasNext);
  }

  /** A wait that was given up, or not, leaves nothing with the token. */
  @Test
  void promise14_nothing_is_left_with_the_token() throws Exception {
    queue.add("a");
    thenEnd.<String>stream(() -> Blocking.interruptibly(token, queue::poll)).forEach(done::add);
    assertEquals(List.of("a"), done);
    assertEquals(Census.EMPTY, Census.of(token));
    Iterator<String> timed =
        thenEnd
            .<String>items(
                () -> Blocking.interruptibly(token, () -> queue.poll(1, TimeUnit.NANOSECONDS)))
            .iterator();
    assertFalse(timed.hasNext());
    assertEquals(Census.EMPTY, Census.of(token));
  }
}
