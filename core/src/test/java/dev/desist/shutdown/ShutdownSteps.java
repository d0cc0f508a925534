package dev.desist.shutdown;

import static dev.desist.CancellationToken.none;

import dev.desist.CancelledException;
import dev.desist.failing.Step;
import dev.desist.failing.Walk;
import dev.desist.internal.Foreign;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Operations of this package, to be failed in each step. */
public final class ShutdownSteps {
  private ShutdownSteps() {}

  /** Walks over all of them. */
  public static void walk(Walk walk) throws Exception {
    walk.over("begin and close", new Working());
    walk.over("register", new Registering());
    walk.over("initiate", new Beginning(false));
    walk.over("abort", new Beginning(true));
  }

  private static void equal(Object expected, Object found) {
    if (!expected.equals(found)) {
      throw new AssertionError("expected " + expected + ", found " + found);
    }
  }

  private static Shutdown create() {
    return Shutdown.create("walk", options -> options.withReporter(_ -> {}));
  }

  private static final class Working implements Step {
    private final Shutdown shutdown = create();

    @Override
    public void prepare() {}

    @Override
    public void run() {
      try (Participant work = shutdown.track("work");
          Participant _ = work.track(() -> "more")) {
        equal(2, shutdown.progress().left());
      }
    }

    @Override
    public void check(boolean done) {
      equal(0, shutdown.progress().left());
      equal(0, shutdown.unfinished().size());
    }
  }

  private static final class Registering implements Step {
    private final AtomicInteger runs = new AtomicInteger();
    private Shutdown shutdown = create();

    @Override
    public void prepare() {
      shutdown = create();
      runs.set(0);
    }

    @Override
    public void run() {
      shutdown.onClose("stays", runs::incrementAndGet);
      shutdown.onClose("goes", () -> runs.addAndGet(100)).close();
    }

    @Override
    public void check(boolean done) throws Exception {
      shutdown.initiate("over");
      equal(true, shutdown.await(none()).isClean());
      if (done) {
        equal(1, runs.get());
      }
    }
  }

  private static final class Beginning implements Step {
    private final boolean abort;
    private final AtomicInteger callbacks = new AtomicInteger();
    private final AtomicInteger actions = new AtomicInteger();
    private Shutdown shutdown = create();

    Beginning(boolean abort) {
      this.abort = abort;
    }

    @Override
    public void prepare() {
      shutdown = create();
      callbacks.set(0);
      actions.set(0);
      shutdown.soft().onCancel(callbacks::incrementAndGet);
      shutdown.onStop("stop", actions::incrementAndGet);
      shutdown.onClose("close", actions::incrementAndGet);
    }

    @Override
    public void run() {
      boolean _ = abort ? shutdown.abort("over") : shutdown.initiate("over");
    }

    @Override
    public void check(boolean done) throws Exception {
      boolean _ = abort ? shutdown.abort("again") : shutdown.initiate("again");
      ShutdownReport report = shutdown.await(none(), Duration.ofSeconds(20)).orElseThrow();
      equal(1, callbacks.get());
      equal(2, actions.get());
      for (ShutdownReport.Failure each : report.failures()) {
        // A step of the cancelling itself may fail: it is done by another thread, and told.
        if (Foreign.find(each.thrown(), VirtualMachineError.class::isInstance) == null) {
          throw new AssertionError(report.toString(), each.thrown());
        }
      }
      equal(List.of(), report.leftBehind());
      try (Participant _ = shutdown.track("too late")) {
        throw new AssertionError("it is over");
      } catch (CancelledException e) {
        // as it should be
      }
    }
  }
}
