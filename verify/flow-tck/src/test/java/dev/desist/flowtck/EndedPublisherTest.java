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

/** A publisher that would go on, and is over only because its token is cancelled. */
public class EndedPublisherTest extends FlowPublisherVerification<Integer> {
  public EndedPublisherTest() {
    super(new TestEnvironment());
  }

  @Override
  public Flow.Publisher<Integer> createFlowPublisher(long count) {
    return subscriber -> {
      var source = CancellationSource.create();
      var endless = FlowAdapters.toFlowPublisher(new RangePublisher(0, Integer.MAX_VALUE));
      if (count == 0) {
        source.cancel();
      }
      UntilCancelled.thenEnd(source.token())
          .<Integer>publisher(until -> endless.subscribe(new After(count, source, until)))
          .subscribe(subscriber);
    };
  }

  /** Cancels after so many items. */
  private record After(
      long count, CancellationSource source, Flow.Subscriber<? super Integer> target)
      implements Flow.Subscriber<Integer> {
    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      target.onSubscribe(subscription);
    }

    @Override
    public void onNext(Integer item) {
      target.onNext(item);
      if (item + 1L == count) {
        source.cancel();
      }
    }

    @Override
    public void onError(Throwable failure) {
      target.onError(failure);
    }

    @Override
    public void onComplete() {
      target.onComplete();
    }
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
