package dev.desist.flowtck;

import dev.desist.CancellationSource;
import dev.desist.stream.UntilCancelled;
import java.util.concurrent.Flow;
import org.reactivestreams.tck.SubscriberWhiteboxVerification.SubscriberPuppet;
import org.reactivestreams.tck.SubscriberWhiteboxVerification.WhiteboxSubscriberProbe;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowSubscriberWhiteboxVerification;

/** A subscriber under a live token, moved by the test kit from within. */
public class SubscriberWhiteboxTest extends FlowSubscriberWhiteboxVerification<Integer> {
  private final CancellationSource source = CancellationSource.create();

  public SubscriberWhiteboxTest() {
    super(new TestEnvironment());
  }

  @Override
  public Integer createElement(int number) {
    return number;
  }

  @Override
  protected Flow.Subscriber<Integer> createFlowSubscriber(WhiteboxSubscriberProbe<Integer> probe) {
    return UntilCancelled.thenThrow(source.token()).subscriber(new Puppet(probe));
  }

  private record Puppet(WhiteboxSubscriberProbe<Integer> probe)
      implements Flow.Subscriber<Integer> {
    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      probe.registerOnSubscribe(
          new SubscriberPuppet() {
            @Override
            public void triggerRequest(long count) {
              subscription.request(count);
            }

            @Override
            public void signalCancel() {
              subscription.cancel();
            }
          });
    }

    @Override
    public void onNext(Integer item) {
      probe.registerOnNext(item);
    }

    @Override
    public void onError(Throwable failure) {
      probe.registerOnError(failure);
    }

    @Override
    public void onComplete() {
      probe.registerOnComplete();
    }
  }
}
