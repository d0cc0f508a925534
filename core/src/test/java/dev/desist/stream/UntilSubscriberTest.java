package dev.desist.stream;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Census;
import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Subscriptions that end between two items. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class UntilSubscriberTest {
  private final CancellationSource source = CancellationSource.create("items");
  private final CancellationToken token = source.token();
  private final UntilCancelled thenEnd = UntilCancelled.thenEnd(token);
  private final UntilCancelled thenThrow = UntilCancelled.thenThrow(token);
  private final Notes notes = new Notes(_ -> {});
  private final Wire wire = new Wire();

  /** A subscriber that notes what it is signalled, and checks that nothing comes beside. */
  private static final class Notes implements Flow.Subscriber<Integer> {
    final List<Integer> items = new CopyOnWriteArrayList<>();
    final CompletableFuture<@Nullable Throwable> end = new CompletableFuture<>();
    final AtomicInteger ends = new AtomicInteger();
    final AtomicInteger inside = new AtomicInteger();
    volatile @Nullable Thread endedBy;
    volatile boolean overlapped;
    volatile Flow.@Nullable Subscription subscription;
    private final IntConsumer dealWith;

    Notes(IntConsumer dealWith) {
      this.dealWith = dealWith;
    }

    Flow.Subscription subscription() {
      return Objects.requireNonNull(subscription);
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      this.subscription = subscription;
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(Integer item) {
      overlapped |= inside.getAndIncrement() > 0 || ends.get() > 0;
      items.add(item);
      dealWith.accept(item);
      inside.decrementAndGet();
    }

    @Override
    public void onError(Throwable failure) {
      end(failure);
    }

    @Override
    public void onComplete() {
      end(null);
    }

    private void end(@Nullable Throwable failure) {
      overlapped |= inside.get() > 0 || ends.getAndIncrement() > 0;
      endedBy = Thread.currentThread();
      end.complete(failure);
    }
  }

  /** A publisher with one subscriber, by hand. */
  private static final class Wire implements Flow.Publisher<Integer>, Flow.Subscription {
    volatile Flow.@Nullable Subscriber<? super Integer> subscriber;
    final AtomicInteger cancels = new AtomicInteger();
    final AtomicInteger requests = new AtomicInteger();

    @Override
    public void subscribe(Flow.Subscriber<? super Integer> subscriber) {
      this.subscriber = subscriber;
      subscriber.onSubscribe(this);
    }

    Flow.Subscriber<? super Integer> end() {
      return Objects.requireNonNull(subscriber);
    }

    @Override
    public void request(long count) {
      requests.incrementAndGet();
    }

    @Override
    public void cancel() {
      cancels.incrementAndGet();
    }
  }

  // ---- the end by a cancellation ----

  /** A subscriber that has nothing to do is told all the same, and not by the one who cancels. */
  @Test
  void an_idle_subscription_ends_quietly() {
    thenEnd.publisher(wire).subscribe(notes);
    wire.end().onNext(1);
    source.cancel();
    assertEquals(null, notes.end.join());
    assertNotSame(Thread.currentThread(), notes.endedBy);
    assertEquals(List.of(1), notes.items);
    assertEquals(1, wire.cancels.get());
  }

  /** The same, with the reason. */
  @Test
  void an_idle_subscription_ends_with_the_reason() {
    thenThrow.publisher(wire).subscribe(notes);
    source.cancel("enough");
    var failure = assertInstanceOf(CancelledException.class, notes.end.join());
    assertSame(token.reason().orElseThrow(), failure.reason());
    assertEquals(1, wire.cancels.get());
  }

  /** A deadline ends it as a cancellation does. */
  @Test
  void promise17_a_subscription_ends_at_a_deadline() throws Exception {
    var time = new ManualTime();
    CancellationSource limited =
        time.call(() -> CancellationToken.none().childWithTimeout(Duration.ofSeconds(3)));
    UntilCancelled.thenEnd(limited.token()).publisher(wire).subscribe(notes);
    time.advance(Duration.ofSeconds(3));
    assertEquals(null, notes.end.join());
  }

  /** An item under way is dealt with to its end, and then comes the end, on the same thread. */
  @Test
  void promise20_the_end_waits_for_the_item_under_way() throws Exception {
    var entered = new CountDownLatch(1);
    var leave = new CountDownLatch(1);
    var slow =
        new Notes(
            item -> {
              entered.countDown();
              pass(leave);
            });
    thenEnd.publisher(wire).subscribe(slow);
    Thread publisher = Thread.ofPlatform().start(() -> wire.end().onNext(1));
    pass(entered);
    source.cancel();
    await().until(() -> wire.cancels.get() == 1);
    assertEquals(0, slow.ends.get(), "not while the item is under way");
    leave.countDown();
    assertEquals(null, slow.end.join());
    assertSame(publisher, slow.endedBy);
    publisher.join();
    assertEquals(false, slow.overlapped);
  }

  /** Whoever cancels in the middle of an item finishes it first, too. */
  @Test
  void promise20_a_subscriber_may_cancel_the_token_itself() {
    var own =
        new Notes(
            item -> {
              if (item == 2) {
                source.cancel();
              }
            });
    thenEnd.publisher(wire).subscribe(own);
    IntStream.rangeClosed(1, 4).forEach(wire.end()::onNext);
    assertEquals(null, own.end.join());
    assertEquals(List.of(1, 2), own.items);
    assertEquals(false, own.overlapped);
    assertEquals(1, wire.cancels.get());
  }

  /** An item that comes after the cancellation is not passed on, and brings the end. */
  @Test
  void an_item_that_comes_too_late_is_dropped() {
    var subscriber = thenEnd.subscriber(notes);
    wire.subscribe(subscriber);
    subscriber.onNext(1);
    source.cancel();
    subscriber.onNext(2);
    assertEquals(null, notes.end.join());
    assertEquals(List.of(1), notes.items);
  }

  /** What the publisher says after the end is not heard. */
  @Test
  void nothing_follows_the_end() {
    thenEnd.publisher(wire).subscribe(notes);
    source.cancel();
    notes.end.join();
    wire.end().onNext(1);
    wire.end().onComplete();
    wire.end().onError(new IllegalStateException());
    notes.subscription().request(1);
    assertEquals(List.of(), notes.items);
    assertEquals(1, notes.ends.get());
    assertEquals(1, wire.requests.get(), "the one before the end");
  }

  /** Under a cancelled token the publisher is not even asked, and the subscriber hears the end. */
  @Test
  void a_token_that_is_cancelled_already_asks_no_publisher() {
    source.cancel();
    thenEnd.publisher(wire).subscribe(notes);
    assertEquals(null, notes.end.join());
    assertSame(Thread.currentThread(), notes.endedBy);
    assertEquals(null, wire.subscriber);
    var loud = new Notes(_ -> {});
    thenThrow.publisher(wire).subscribe(loud);
    assertInstanceOf(CancelledException.class, loud.end.join());
    loud.subscription().request(1);
    loud.subscription().cancel();
  }

  /** A subscriber that is brought to a publisher under a cancelled token gives up at once. */
  @Test
  void a_subscriber_under_a_cancelled_token_cancels_its_subscription() {
    source.cancel();
    wire.subscribe(thenThrow.subscriber(notes));
    assertInstanceOf(CancelledException.class, notes.end.join());
    assertEquals(1, wire.cancels.get());
    assertEquals(0, wire.requests.get());
  }

  /** A publisher that calls back while it is asked for items is ended in the middle of that. */
  @Test
  void a_synchronous_publisher_ends() {
    Flow.Publisher<Integer> endless =
        subscriber ->
            subscriber.onSubscribe(
                new Flow.Subscription() {
                  private boolean cancelled;

                  @Override
                  public void request(long count) {
                    for (int i = 1; !cancelled; i++) {
                      subscriber.onNext(i);
                    }
                  }

                  @Override
                  public void cancel() {
                    cancelled = true;
                  }
                });
    var own =
        new Notes(
            item -> {
              if (item == 100) {
                source.cancel();
              }
            });
    thenEnd.publisher(endless).subscribe(own);
    assertEquals(null, own.end.join());
    assertEquals(100, own.items.size());
  }

  // ---- other ends, and what is left ----

  /** The publisher's own end is passed on, and takes the callback back. */
  @Test
  void promise14_nothing_is_left_after_the_publishers_end() {
    thenThrow.publisher(wire).subscribe(notes);
    assertEquals(new Census(0, 1), Census.of(token));
    wire.end().onComplete();
    assertEquals(null, notes.end.join());
    assertEquals(Census.EMPTY, Census.of(token));
    var failing = new Notes(_ -> {});
    thenThrow.publisher(wire).subscribe(failing);
    var failure = new IllegalStateException("failed");
    wire.end().onError(failure);
    assertSame(failure, failing.end.join());
    assertEquals(Census.EMPTY, Census.of(token));
    source.cancel();
    assertEquals(0, wire.cancels.get());
    assertEquals(1, notes.ends.get());
  }

  /** A subscriber that cancels hears nothing more, and takes the callback along. */
  @Test
  void promise14_nothing_is_left_after_the_subscriber_has_cancelled() {
    thenThrow.publisher(wire).subscribe(notes);
    notes.subscription().cancel();
    assertEquals(Census.EMPTY, Census.of(token));
    wire.end().onNext(1);
    source.cancel();
    assertEquals(List.of(), notes.items);
    assertEquals(0, notes.ends.get());
    assertEquals(1, wire.cancels.get());
  }

  /** A second subscription of one subscriber is given back. */
  @Test
  void a_second_subscription_is_cancelled() {
    var subscriber = thenEnd.subscriber(notes);
    wire.subscribe(subscriber);
    var second = new Wire();
    second.subscribe(subscriber);
    assertEquals(1, second.cancels.get());
    assertEquals(0, wire.cancels.get());
  }

  /** For the token that is never cancelled, the publisher as it is. */
  @Test
  void promise5_none_gives_the_publisher_back() {
    assertSame(wire, UntilCancelled.thenEnd(CancellationToken.none()).publisher(wire));
    var subscriber = UntilCancelled.thenEnd(CancellationToken.none()).subscriber(notes);
    wire.subscribe(subscriber);
    subscriber.onNext(1);
    subscriber.onComplete();
    assertEquals(List.of(1), notes.items);
    assertEquals(1, notes.ends.get());
  }

  /** The publisher of the JDK, on its own threads. */
  @Test
  void a_submission_publisher_ends() {
    try (var publisher = new SubmissionPublisher<Integer>(ForkJoinPool.commonPool(), 4)) {
      thenEnd.publisher(publisher).subscribe(notes);
      for (int i = 0; i < 100; i++) {
        publisher.submit(i);
      }
      await().until(() -> notes.items.size() == 100);
      source.cancel();
      assertEquals(null, notes.end.join());
      await().until(() -> publisher.getNumberOfSubscribers() == 0);
    }
  }

  /**
   * In many rounds: items, the publisher's own end and the cancellation of the token at the same
   * time. The subscriber hears the items from the first on without a gap, each to its end, and one
   * end, after which nothing follows.
   */
  @Test
  void promise20_the_subscriber_hears_one_thing_after_another() throws Exception {
    for (int round = 0; round < 300; round++) {
      CancellationSource stop = CancellationSource.create();
      var heard = new Notes(_ -> {});
      var line = new Wire();
      UntilCancelled.thenThrow(stop.token()).publisher(line).subscribe(heard);
      Thread publisher =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; i < 50; i++) {
                      line.end().onNext(i);
                    }
                    line.end().onComplete();
                  });
      for (int i = 0; i < round * 10; i++) {
        Thread.onSpinWait();
      }
      stop.cancel();
      heard.end.join();
      publisher.join();
      assertEquals(IntStream.range(0, heard.items.size()).boxed().toList(), heard.items);
      assertEquals(1, heard.ends.get());
      assertEquals(false, heard.overlapped);
      assertTrue(heard.end.join() != null || heard.items.size() == 50, "complete, or cancelled");
    }
  }

  /** Nulls are refused as the Flow rules want it. */
  @Test
  @SuppressWarnings({"NullAway", "DataFlowIssue"}) // passing null is the point
  void misuse_names_the_parameter() {
    var subscriber = thenEnd.subscriber(notes);
    assertThrows(NullPointerException.class, () -> subscriber.onSubscribe(null));
    wire.subscribe(subscriber);
    assertThrows(NullPointerException.class, () -> subscriber.onNext(null));
    assertThrows(NullPointerException.class, () -> subscriber.onError(null));
    assertThrows(NullPointerException.class, () -> thenEnd.publisher(wire).subscribe(null));
    assertEquals(List.of(), notes.items);
    assertEquals(0, notes.ends.get());
  }

  private static void pass(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
