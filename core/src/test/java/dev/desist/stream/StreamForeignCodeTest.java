package dev.desist.stream;

import static dev.desist.support.ForeignCode.assertThrown;
import static dev.desist.support.ForeignCode.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.Census;
import dev.desist.support.ForeignCode;
import dev.desist.testkit.Hygiene;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Spliterator;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Collector;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Code of users in every place where this package calls it, failing in every way or breaking the
 * rules: what it throws comes through, the last word is said once, and the token keeps nothing.
 */
@ExtendWith(Hygiene.class)
@Timeout(60)
class StreamForeignCodeTest {
  private final CancellationSource source = CancellationSource.create("request");
  private final UntilCancelled ending = UntilCancelled.thenEnd(source.token());
  private final UntilCancelled throwing = UntilCancelled.thenThrow(source.token());

  private void tokenKeepsNothing() {
    assertEquals(Census.EMPTY, Census.of(source.token()));
  }

  // ---- Flow ----

  /** A subscription, some of whose methods fail. */
  private static class Given implements Flow.Subscription {
    final AtomicInteger cancels = new AtomicInteger();

    @Override
    public void request(long count) {}

    @Override
    public void cancel() {
      cancels.incrementAndGet();
    }
  }

  /** A subscriber that notes what it hears, and fails in the method of that name. */
  private static final class Hearing implements Flow.Subscriber<String> {
    final List<String> heard = new ArrayList<>();
    private final String broken;
    private final @Nullable Throwable thrown;
    Flow.@Nullable Subscription subscription;

    Hearing() {
      this("none", null);
    }

    Hearing(String broken, @Nullable Throwable thrown) {
      this.broken = broken;
      this.thrown = thrown;
    }

    private synchronized void hear(String method, String what) {
      heard.add(what);
      if (method.equals(broken) && thrown != null) {
        ForeignCode.sneak(thrown);
      }
    }

    synchronized List<String> heard() {
      return List.copyOf(heard);
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      this.subscription = subscription;
      hear("onSubscribe", "subscribed");
    }

    @Override
    public void onNext(String item) {
      hear("onNext", item);
    }

    @Override
    public void onError(Throwable failure) {
      hear("onError", "failed");
    }

    @Override
    public void onComplete() {
      hear("onComplete", "complete");
    }
  }

  @TestFactory
  List<DynamicTest> a_subscriber_that_throws_is_heard_by_the_publisher_and_kept_by_nobody() {
    return ForeignCode.forAll(
        thrown -> {
          for (String broken : List.of("onSubscribe", "onNext", "onError", "onComplete")) {
            for (boolean wrapped : new boolean[] {true, false}) {
              var target = new Hearing(broken, thrown);
              Flow.Publisher<String> publisher =
                  subscriber -> {
                    subscriber.onSubscribe(new Given());
                    subscriber.onNext("a");
                    if (broken.equals("onError")) {
                      subscriber.onError(new IllegalStateException("down"));
                    } else {
                      subscriber.onComplete();
                    }
                  };
              var came =
                  assertThrows(
                      Throwable.class,
                      () -> {
                        if (wrapped) {
                          ending.publisher(publisher).subscribe(target);
                        } else {
                          publisher.subscribe(throwing.subscriber(target));
                        }
                      });
              assertThrown(thrown, came);
              tokenKeepsNothing();
            }
          }
        });
  }

  /** By the rules, whoever throws has given up; but some publishers tell it of its failure. */
  @TestFactory
  List<DynamicTest> what_comes_after_a_subscriber_threw_is_passed_on() {
    return ForeignCode.forAll(
        thrown -> {
          var own = CancellationSource.create();
          var target = new Hearing("onNext", thrown);
          var given = new Given();
          var until = UntilCancelled.thenEnd(own.token()).subscriber(target);
          until.onSubscribe(given);
          assertThrown(thrown, assertThrows(Throwable.class, () -> until.onNext("a")));
          assertEquals(Census.EMPTY, Census.of(own.token()));
          assertThrown(thrown, assertThrows(Throwable.class, () -> until.onNext("b")));
          own.cancel();
          until.onNext("c");
          until.onError(thrown);
          assertEquals(List.of("subscribed", "a", "b", "complete"), target.heard());
          assertEquals(1, given.cancels.get());
        });
  }

  @TestFactory
  List<DynamicTest> a_subscription_that_throws_does_not_keep_the_last_word() {
    return ForeignCode.forAll(
        thrown -> {
          for (int when = 0; when < 3; when++) {
            var own = CancellationSource.create();
            var target = new Hearing();
            var failing =
                new Given() {
                  @Override
                  public void request(long count) {
                    ForeignCode.sneak(thrown);
                  }

                  @Override
                  public void cancel() {
                    ForeignCode.sneak(thrown);
                  }
                };
            var until = UntilCancelled.thenEnd(own.token()).subscriber(target);
            if (when == 0) {
              own.cancel();
            }
            until.onSubscribe(failing);
            var subscription = target.subscription;
            if (when == 1) {
              assertThrown(
                  thrown, assertThrows(Throwable.class, () -> asking(subscription).request(1)));
              own.cancel();
            }
            if (when == 2) {
              assertThrown(
                  thrown, assertThrows(Throwable.class, () -> asking(subscription).cancel()));
              own.cancel();
            } else {
              eventually(() -> target.heard().contains("complete"));
            }
            until.onNext("late");
            assertFalse(target.heard().contains("late"));
            assertEquals(Census.EMPTY, Census.of(own.token()));
          }
        });
  }

  private static Flow.Subscription asking(Flow.@Nullable Subscription subscription) {
    return java.util.Objects.requireNonNull(subscription);
  }

  @TestFactory
  List<DynamicTest> a_publisher_that_throws_instead_of_subscribing() {
    return ForeignCode.forAll(
        thrown -> {
          for (boolean begins : new boolean[] {true, false}) {
            var target = new Hearing();
            Flow.Publisher<String> publisher =
                subscriber -> {
                  if (begins) {
                    subscriber.onSubscribe(new Given());
                  }
                  ForeignCode.sneak(thrown);
                };
            assertThrown(
                thrown,
                assertThrows(Throwable.class, () -> ending.publisher(publisher).subscribe(target)));
            tokenKeepsNothing();
          }
        });
  }

  private interface Signals {
    void to(Flow.Subscriber<String> until, Given given);
  }

  /** With a token that lives, and with one that is cancelled amid it. */
  @Test
  void signals_out_of_order_end_it_once_and_leave_nothing() throws Exception {
    var ways =
        List.<Signals>of(
            (until, _) -> until.onNext("before"),
            (until, _) -> until.onError(new IllegalStateException("before")),
            (until, _) -> until.onComplete(),
            (until, given) -> until.onSubscribe(given),
            (until, _) -> until.onNext("a"),
            (until, _) -> until.onComplete(),
            (until, _) -> until.onError(new IllegalStateException("after")),
            (until, _) -> until.onNext("after"));
    ForeignCode.inTime(
        () -> {
          for (int skipped = 0; skipped < 1 << ways.size(); skipped++) {
            for (int at = -1; at < ways.size(); at++) {
              var own = CancellationSource.create();
              var target = new Hearing();
              var given = new Given();
              var until = UntilCancelled.thenEnd(own.token()).subscriber(target);
              for (int i = 0; i < ways.size(); i++) {
                if (i == at) {
                  own.cancel();
                }
                if ((skipped & 1 << i) == 0) {
                  ways.get(i).to(until, given);
                }
              }
              boolean begun = (skipped & 1 << 3) == 0;
              if (begun) {
                until.onComplete();
                if (at >= 0) {
                  eventually(() -> lastWords(target) == 1);
                }
                assertEquals(Census.EMPTY, Census.of(own.token()));
              }
              assertTrue(lastWords(target) <= 1, () -> target.heard().toString());
              var heard = target.heard();
              assertTrue(
                  lastWords(target) == 0
                      || heard.getLast().equals("complete")
                      || heard.getLast().equals("failed"),
                  heard::toString);
            }
          }
        });
  }

  private static long lastWords(Hearing target) {
    return target.heard().stream()
        .filter(word -> word.equals("complete") || word.equals("failed"))
        .count();
  }

  @Test
  void a_second_subscription_is_cancelled_and_so_is_one_that_comes_too_late() {
    var target = new Hearing();
    var first = new Given();
    var second = new Given();
    var until = ending.subscriber(target);
    until.onSubscribe(first);
    until.onSubscribe(second);
    assertEquals(List.of(0, 1), List.of(first.cancels.get(), second.cancels.get()));
    until.onComplete();
    tokenKeepsNothing();
    var late = new Given();
    var over = ending.subscriber(new Hearing());
    over.onError(new IllegalStateException("no such thing"));
    over.onSubscribe(late);
    assertEquals(1, late.cancels.get());
    tokenKeepsNothing();
  }

  @Test
  @SuppressWarnings("NullAway") // against the rules
  void nothing_as_a_signal_is_refused_and_changes_nothing() {
    var target = new Hearing();
    var until = ending.<String>subscriber(target);
    assertThrows(NullPointerException.class, () -> until.onSubscribe(null));
    until.onSubscribe(new Given());
    assertThrows(NullPointerException.class, () -> until.onNext(null));
    assertThrows(NullPointerException.class, () -> until.onError(null));
    until.onNext("a");
    until.onComplete();
    assertEquals(List.of("subscribed", "a", "complete"), target.heard());
    tokenKeepsNothing();
  }

  @Test
  void signals_from_many_threads_at_once_and_a_cancellation_end_it_once() throws Exception {
    ForeignCode.inTime(
        () -> {
          for (int round = 0; round < 200; round++) {
            var own = CancellationSource.create();
            var target = new Hearing();
            var given = new Given();
            var until = UntilCancelled.thenThrow(own.token()).subscriber(target);
            var threads = new ArrayList<Thread>();
            var go = new CountDownLatch(1);
            for (Runnable signal :
                List.<Runnable>of(
                    () -> until.onSubscribe(given),
                    () -> until.onNext("a"),
                    () -> until.onNext("b"),
                    until::onComplete,
                    () -> until.onError(new IllegalStateException("down")),
                    own::cancel)) {
              threads.add(
                  Thread.startVirtualThread(
                      () -> {
                        try {
                          go.await();
                        } catch (InterruptedException e) {
                          throw new IllegalStateException(e);
                        }
                        signal.run();
                      }));
            }
            go.countDown();
            for (Thread thread : threads) {
              thread.join();
            }
            eventually(() -> lastWords(target) == 1);
            assertEquals(Census.EMPTY, Census.of(own.token()));
          }
        });
  }

  // ---- items ----

  @TestFactory
  List<DynamicTest> a_call_for_items_that_throws() {
    return ForeignCode.forAll(
        thrown -> {
          for (UntilCancelled until : List.of(ending, throwing)) {
            var calls = new AtomicInteger();
            Iterator<String> items =
                until
                    .<String>items(
                        () ->
                            calls.getAndIncrement() == 0
                                ? ForeignCode.raise(thrown)
                                : calls.get() == 2 ? "after" : null)
                    .iterator();
            var came = assertThrows(Throwable.class, items::hasNext);
            switch (thrown) {
              case IOException _ -> assertThrown(thrown, causeOf(came, UncheckedIOException.class));
              case InterruptedException _ -> {
                assertThrown(thrown, causeOf(came, CancelledException.class));
                assertTrue(Thread.interrupted());
              }
              case RuntimeException _ -> assertThrown(thrown, came);
              case Error _ -> assertThrown(thrown, came);
              default -> assertThrown(thrown, causeOf(came, CompletionException.class));
            }
            assertEquals("after", items.next());
            assertFalse(items.hasNext());
            tokenKeepsNothing();
          }
        });
  }

  private static Throwable causeOf(Throwable thrown, Class<? extends Throwable> type) {
    Throwable cause = assertInstanceOf(type, thrown).getCause();
    return java.util.Objects.requireNonNull(cause);
  }

  @TestFactory
  List<DynamicTest> a_call_that_makes_anything_of_the_cancellation_ends_the_items() {
    return ForeignCode.forAll(
        thrown -> {
          var own = CancellationSource.create();
          Iterator<String> items =
              UntilCancelled.thenEnd(own.token())
                  .<String>items(
                      () -> {
                        own.cancel();
                        thrown.addSuppressed(new CancelledException(own.token()));
                        return ForeignCode.raise(thrown);
                      })
                  .iterator();
          if (thrown instanceof Error) { // is never an end
            assertThrown(thrown, assertThrows(Throwable.class, items::hasNext));
          } else {
            assertFalse(items.hasNext());
          }
        });
  }

  // ---- iterators, spliterators, streams, collectors ----

  @TestFactory
  List<DynamicTest> iterators_that_throw_are_passed_on_and_can_be_gone_on_with() {
    return ForeignCode.forAll(
        thrown -> {
          for (String broken : List.of("hasNext", "next", "remove")) {
            var calls = new AtomicInteger();
            Iterator<String> failing =
                new Iterator<>() {
                  private final Iterator<String> rest = List.of("a", "b").iterator();

                  private void fail(String method) {
                    if (method.equals(broken) && calls.getAndIncrement() == 0) {
                      ForeignCode.sneak(thrown);
                    }
                  }

                  @Override
                  public boolean hasNext() {
                    fail("hasNext");
                    return rest.hasNext();
                  }

                  @Override
                  public String next() {
                    fail("next");
                    return rest.next();
                  }

                  @Override
                  public void remove() {
                    fail("remove");
                  }
                };
            Iterator<String> until = ending.iterator(failing);
            var came =
                assertThrows(
                    Throwable.class,
                    () -> {
                      if (broken.equals("remove")) {
                        until.remove();
                      }
                      until.next();
                    });
            assertThrown(thrown, came);
            assertEquals("a", until.next());
            assertEquals("b", until.next());
            assertFalse(until.hasNext());
          }
          Iterable<String> none = () -> ForeignCode.sneak(thrown);
          assertThrown(
              thrown, assertThrows(Throwable.class, () -> ending.iterable(none).iterator()));
          assertThrown(
              thrown, assertThrows(Throwable.class, () -> ending.iterable(none).spliterator()));
          tokenKeepsNothing();
        });
  }

  /** A spliterator that fails in the method of that name. */
  private record Failing(Spliterator<String> rest, String broken, Throwable thrown)
      implements Spliterator<String> {
    private void fail(String method) {
      if (method.equals(broken)) {
        ForeignCode.sneak(thrown);
      }
    }

    @Override
    public boolean tryAdvance(Consumer<? super String> action) {
      fail("tryAdvance");
      return rest.tryAdvance(action);
    }

    @Override
    public @Nullable Spliterator<String> trySplit() {
      fail("trySplit");
      return rest.trySplit();
    }

    @Override
    public long estimateSize() {
      fail("estimateSize");
      return rest.estimateSize();
    }

    @Override
    public int characteristics() {
      fail("characteristics");
      return rest.characteristics();
    }
  }

  @TestFactory
  List<DynamicTest> streams_and_spliterators_that_throw_are_passed_on() {
    return ForeignCode.forAll(
        thrown -> {
          for (UntilCancelled until : List.of(ending, throwing.every(16))) {
            for (String broken :
                List.of("tryAdvance", "trySplit", "estimateSize", "characteristics")) {
              Iterable<String> items = () -> List.of("a").iterator();
              Iterable<String> failing =
                  new Iterable<>() {
                    @Override
                    public Iterator<String> iterator() {
                      return items.iterator();
                    }

                    @Override
                    public Spliterator<String> spliterator() {
                      return new Failing(List.of("a", "b").spliterator(), broken, thrown);
                    }
                  };
              Spliterator<String> spliterator = until.iterable(failing).spliterator();
              var came =
                  assertThrows(
                      Throwable.class,
                      () -> {
                        var _ = spliterator.estimateSize();
                        var _ = spliterator.characteristics();
                        var _ = spliterator.trySplit();
                        spliterator.forEachRemaining(_ -> {});
                      });
              assertThrown(thrown, came);
            }
            Stream<String> closing =
                until.stream(Stream.of("a").onClose(() -> ForeignCode.sneak(thrown)));
            assertEquals(List.of("a"), closing.toList());
            assertThrown(thrown, assertThrows(Throwable.class, closing::close));
            assertThrown(
                thrown,
                assertThrows(
                    Throwable.class,
                    () ->
                        until.stream(
                                StreamSupport.stream(
                                    () -> ForeignCode.<Spliterator<String>>sneak(thrown), 0, false))
                            .toList()));
            tokenKeepsNothing();
          }
        });
  }

  @TestFactory
  @SuppressWarnings("ReturnValueIgnored") // there is none
  List<DynamicTest> functions_and_collectors_that_throw_are_passed_on() {
    return ForeignCode.forAll(
        thrown -> {
          for (UntilCancelled until : List.of(ending, throwing.every(16))) {
            Supply fresh = () -> until.stream(Stream.of("a", "b", "c"));
            for (Consumer<Stream<String>> end :
                List.<Consumer<Stream<String>>>of(
                    stream -> stream.forEach(_ -> ForeignCode.sneak(thrown)),
                    stream -> stream.map(_ -> ForeignCode.<String>sneak(thrown)).toList(),
                    stream -> stream.sorted((_, _) -> ForeignCode.<Integer>sneak(thrown)).toList(),
                    stream ->
                        stream.collect(
                            Collector.<String, List<String>>of(
                                () -> ForeignCode.sneak(thrown), List::add, (one, _) -> one)),
                    stream ->
                        stream.collect(
                            Collector.<String, List<String>>of(
                                ArrayList::new,
                                (_, _) -> ForeignCode.sneak(thrown),
                                (one, _) -> one)),
                    stream ->
                        stream.collect(
                            Collector.<String, List<String>, String>of(
                                ArrayList::new,
                                List::add,
                                (one, _) -> one,
                                _ -> ForeignCode.sneak(thrown))))) {
              assertThrown(thrown, assertThrows(Throwable.class, () -> end.accept(fresh.get())));
            }
            assertEquals(List.of("a", "b", "c"), fresh.get().toList());
            tokenKeepsNothing();
          }
        });
  }

  private interface Supply {
    Stream<String> get();
  }
}
