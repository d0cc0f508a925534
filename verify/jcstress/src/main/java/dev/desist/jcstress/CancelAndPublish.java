package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import dev.desist.stream.UntilCancelled;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * A token is cancelled while a publisher signals two items and its end: the subscriber hears one
 * end, no item beside or after it, and whole items alone.
 */
@JCStressTest
@Outcome(id = "0, 1, 0", expect = ACCEPTABLE, desc = "Ended before the first item.")
@Outcome(id = "1, 1, 0", expect = ACCEPTABLE, desc = "Ended between the items.")
@Outcome(id = "2, 1, 0", expect = ACCEPTABLE, desc = "Ended after the last item, by either.")
@Outcome(expect = FORBIDDEN, desc = "No end, two of them, or something beside one.")
@State
public class CancelAndPublish {

  private static final Flow.Subscription IDLE =
      new Flow.Subscription() {
        @Override
        public void request(long count) {}

        @Override
        public void cancel() {}
      };

  private final CancellationSource source = CancellationSource.create();
  private final AtomicInteger inside = new AtomicInteger();
  private final AtomicInteger items = new AtomicInteger();
  private final AtomicInteger ends = new AtomicInteger();
  private final AtomicInteger beside = new AtomicInteger();

  private final Flow.Subscriber<String> subscriber =
      UntilCancelled.thenEnd(source.token())
          .subscriber(
              new Flow.Subscriber<String>() {
                @Override
                public void onSubscribe(Flow.Subscription subscription) {}

                @Override
                public void onNext(String item) {
                  if (inside.getAndIncrement() > 0 || ends.get() > 0) {
                    beside.incrementAndGet();
                  }
                  items.incrementAndGet();
                  inside.decrementAndGet();
                }

                @Override
                public void onError(Throwable failure) {
                  beside.incrementAndGet();
                }

                @Override
                public void onComplete() {
                  if (inside.get() > 0) {
                    beside.incrementAndGet();
                  }
                  ends.incrementAndGet();
                }
              });

  public CancelAndPublish() {
    subscriber.onSubscribe(IDLE);
  }

  @Actor
  public void cancel() {
    source.cancel();
  }

  @Actor
  public void publish() {
    subscriber.onNext("first");
    subscriber.onNext("second");
    subscriber.onComplete();
  }

  @Arbiter
  public void judge(III_Result r) {
    Wait.until(() -> ends.get() > 0);
    r.r1 = items.get();
    r.r2 = ends.get();
    r.r3 = beside.get();
  }
}
