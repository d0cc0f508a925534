package dev.desist.flowtck;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.stream.UntilCancelled;
import java.util.concurrent.Flow;
import org.reactivestreams.FlowAdapters;
import org.reactivestreams.example.unicast.RangePublisher;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;

/** A publisher under a live token whose source signals on the thread that requests. */
public class SyncPublisherTest extends FlowPublisherVerification<Integer> {
  private final CancellationSource source = CancellationSource.create();

  public SyncPublisherTest() {
    super(new TestEnvironment());
  }

  @Override
  public Flow.Publisher<Integer> createFlowPublisher(long count) {
    return UntilCancelled.thenEnd(source.token())
        .publisher(FlowAdapters.toFlowPublisher(new RangePublisher(0, (int) count)));
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
