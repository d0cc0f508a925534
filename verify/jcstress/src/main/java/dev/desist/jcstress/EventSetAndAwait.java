package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.CancellationToken;
import dev.desist.concurrent.Event;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/** Whoever waits for an event comes back with its value, and sees what was written before. */
@JCStressTest
@Outcome(
    id = "true, 1",
    expect = ACCEPTABLE,
    desc = "Woken with the value, and the write is there.")
@Outcome(expect = FORBIDDEN, desc = "Another value, or the write is missing.")
@State
public class EventSetAndAwait {

  private final Event<String> event = Event.create();
  private int data;

  @Actor
  public void set() {
    data = 1;
    event.set("value");
  }

  @Actor
  public void await(ZI_Result r) {
    r.r1 = Wait.uninterrupted(() -> event.await(CancellationToken.none()).equals("value"));
    r.r2 = data;
  }
}
