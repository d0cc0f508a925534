package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.concurrent.Event;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** A listener that comes while the event is being set is told exactly once. */
@JCStressTest
@Outcome(id = "1", expect = ACCEPTABLE, desc = "Told once.")
@Outcome(expect = FORBIDDEN, desc = "Told never, twice, or without the value.")
@State
public class EventSetAndOnSet {

  private final Event<Integer> event = Event.create();
  private final AtomicInteger sum = new AtomicInteger();

  @Actor
  public void set() {
    event.set(1);
  }

  @Actor
  public void listen() {
    event.onSet(sum::addAndGet);
  }

  @Arbiter
  public void judge(I_Result r) {
    r.r1 = sum.get();
  }
}
