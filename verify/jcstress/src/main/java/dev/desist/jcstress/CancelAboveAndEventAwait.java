package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.concurrent.Event;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.Z_Result;

/** A wait for an event that is never set ends when a token above the one it obeys is cancelled. */
@JCStressTest
@Outcome(id = "true", expect = ACCEPTABLE, desc = "Ended by the cancellation.")
@Outcome(
    expect = FORBIDDEN,
    desc = "Ended, and found neither the event set nor the token cancelled.")
@State
public class CancelAboveAndEventAwait {

  private final CancellationSource root = CancellationSource.create();
  private final CancellationSource leaf = root.token().child().token().child();
  private final Event<String> event = Event.create();

  @Actor
  public void cancel() {
    root.cancel();
  }

  @Actor
  public void await(Z_Result r) {
    r.r1 =
        Wait.uninterrupted(
            () -> {
              try {
                return event.await(leaf.token()).isEmpty();
              } catch (CancelledException e) {
                return true;
              }
            });
  }
}
