package dev.desist.jcstress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.Leftovers;
import dev.desist.concurrent.Futures;
import dev.desist.internal.Overdue;
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.Z_Result;

/**
 * Promises 14 and 25: work of a future that begins, or ends, while it is cancelled, and while the
 * time is up that it has for its end, does not stay in the list of what goes on.
 */
@JCStressTest
@Outcome(id = "false", expect = ACCEPTABLE, desc = "Never listed, or taken out.")
@Outcome(expect = FORBIDDEN, desc = "Listed for ever.")
@State
public class OverdueAndEnd {
  private static final AtomicLong NUMBERS = new AtomicLong();
  private static final Map<?, ?> LISTED = listed();

  static {
    Logger.getLogger("dev.desist").setLevel(Level.OFF); // there would be a warning for each sample
    Leftovers.reportAfter(Duration.ZERO);
  }

  private final String name = "work " + NUMBERS.incrementAndGet();
  private final CancellationSource source = CancellationSource.create(name);
  private final Queue<Runnable> submitted = new ArrayDeque<>();

  /** Has work under its source. */
  public OverdueAndEnd() {
    var _ =
        Futures.submit(
            source.token(),
            submitted::add,
            () -> {
              for (int i = 0; i < 1_000 && !Cancellation.current().isCancelled(); i++) {
                Thread.onSpinWait();
              }
              return 1;
            });
  }

  /** The map itself: what is public leaves out what has ended. */
  private static Map<?, ?> listed() {
    try {
      Field field = Overdue.class.getDeclaredField("LISTED");
      field.setAccessible(true);
      return (Map<?, ?>) field.get(null);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private boolean isListed() {
    return LISTED.keySet().stream().anyMatch(work -> ((Overdue.Work) work).key().endsWith(name));
  }

  @Actor
  public void cancel() {
    source.cancel();
  }

  @Actor
  public void work() {
    submitted.remove().run();
  }

  @Arbiter
  public void judge(Z_Result r) {
    long end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
    while (isListed() && System.nanoTime() < end) {
      Thread.onSpinWait(); // the list is entered by a thread of the library's
    }
    r.r1 = isListed();
  }
}
