package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.concurrent.Event;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LL_Result;

/**
 * Promise 1: of two that set an event, one did it, and its value is the one that both find there
 * afterwards.
 */
@JCStressTest
@Outcome(id = "did 1, found 1", expect = ACCEPTABLE, desc = "The first did it.")
@Outcome(id = "found 2, did 2", expect = ACCEPTABLE, desc = "The second did it.")
@Outcome(expect = FORBIDDEN, desc = "Both or none did it, or one did not find the value.")
@State
public class EventSetTwice {

  private final Event<Integer> event = Event.create();

  @Actor
  public void one(LL_Result r) {
    r.r1 = set(1);
  }

  @Actor
  public void two(LL_Result r) {
    r.r2 = set(2);
  }

  private String set(int value) {
    return (event.set(value) ? "did " : "found ") + event.value().orElse(0);
  }
}
