package dev.desist.flowtck;

import dev.desist.CancellationSource;
import dev.desist.stream.UntilCancelled;
import java.util.concurrent.Flow;
import org.reactivestreams.FlowAdapters;
import org.reactivestreams.example.unicast.SyncSubscriber;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowSubscriberBlackboxVerification;

/** A subscriber under a live token, seen from outside. */
public class SubscriberBlackboxTest extends FlowSubscriberBlackboxVerification<Integer> {
  private final CancellationSource source = CancellationSource.create();

  public SubscriberBlackboxTest() {
    super(new TestEnvironment());
  }

  @Override
  public Integer createElement(int number) {
    return number;
  }

  @Override
  public Flow.Subscriber<Integer> createFlowSubscriber() {
    return UntilCancelled.thenEnd(source.token())
        .subscriber(
            FlowAdapters.toFlowSubscriber(
                new SyncSubscriber<Integer>() {
                  @Override
                  protected boolean whenNext(Integer item) {
                    return true;
                  }
                }));
  }
}
