package dev.desist.bench.stream;

import dev.desist.CancellationSource;
import dev.desist.bench.Contest;
import dev.desist.bench.Less;
import dev.desist.stream.UntilCancelled;
import java.util.concurrent.Flow;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import reactor.adapter.JdkFlowAdapter;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * Publishes 10,000 items to a subscriber that adds them up, on one thread; the subscription can be
 * ended from outside. The time is that of an item.
 */
@OperationsPerInvocation(PublishItems.N)
public class PublishItems extends Contest {
  static final int N = 10_000;

  private final UntilCancelled until = UntilCancelled.thenEnd(CancellationSource.create().token());
  private final Flow.Publisher<Integer> source = PublishItems::publish;
  private final Mono<Integer> never = Sinks.<Integer>one().asMono();

  /** Publishes on the thread that requests. */
  private static void publish(Flow.Subscriber<? super Integer> subscriber) {
    subscriber.onSubscribe(
        new Flow.Subscription() {
          private boolean cancelled;

          @Override
          public void request(long count) {
            for (int i = 0; i < N && !cancelled; i++) {
              subscriber.onNext(i);
            }
            if (!cancelled) {
              subscriber.onComplete();
            }
          }

          @Override
          public void cancel() {
            cancelled = true;
          }
        });
  }

  /** Adds up. */
  private static final class Sum implements Flow.Subscriber<Integer> {
    long sum;

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(Integer item) {
      sum += item;
    }

    @Override
    public void onError(Throwable failure) {
      throw new IllegalStateException(failure);
    }

    @Override
    public void onComplete() {}
  }

  private static long sum(Flow.Publisher<Integer> items) {
    var sum = new Sum();
    items.subscribe(sum);
    return sum.sum;
  }

  @Benchmark
  public long desist() {
    return sum(until.publisher(source));
  }

  @Benchmark
  public long reactor() {
    Flux<Integer> items = JdkFlowAdapter.flowPublisherToFlux(source);
    return sum(JdkFlowAdapter.publisherToFlowPublisher(items.takeUntilOther(never)));
  }

  @Benchmark
  @Less("cannot be ended")
  public long bare() {
    return sum(source);
  }
}
