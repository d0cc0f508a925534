package dev.desist.flowtck;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.stream.UntilCancelled;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.stream.IntStream;
import org.reactivestreams.FlowAdapters;
import org.reactivestreams.example.unicast.AsyncIterablePublisher;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;

/** A publisher under a live token whose source works on a pool. */
public class AsyncPublisherTest extends FlowPublisherVerification<Integer> {
  private final CancellationSource source = CancellationSource.create();
  private final Executor pool =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory());

  public AsyncPublisherTest() {
    super(new TestEnvironment());
  }

  @Override
  public Flow.Publisher<Integer> createFlowPublisher(long count) {
    Iterable<Integer> items = () -> IntStream.range(0, (int) count).iterator();
    return UntilCancelled.thenThrow(source.token())
        .publisher(FlowAdapters.toFlowPublisher(new AsyncIterablePublisher<>(items, pool)));
  }

  /** One that fails from the start: because the token is cancelled already. */
  @Override
  public Flow.Publisher<Integer> createFailedFlowPublisher() {
    var cancelled = CancellationToken.cancelled(CancellationReason.requested("a test"));
    return UntilCancelled.thenThrow(cancelled).publisher(createFlowPublisher(1));
  }

  @Override
  public long maxElementsFromPublisher() {
    return Integer.MAX_VALUE;
  }
}
