package dev.desist.shutdown;

import dev.desist.Action;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.Deadline;
import dev.desist.Leftover;
import dev.desist.TimeSource;
import dev.desist.internal.Stack;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Goes through the phases of a shutdown, on a thread of its own. The invariants are those of {@link
 * Shutdown}.
 *
 * <p>It waits for nothing without a limit, and runs no code of the user's: not even to make names,
 * which comes last, on another thread. A step that fails is reported, and the next one follows.
 */
final class Conductor {
  private static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();

  /** How long reporter and exit code may take, and before them the names. */
  private static final Duration REPORTING = Duration.ofSeconds(1);

  /** How often the hook looks for those who have called exit themselves. */
  private static final Duration LOOKING = Duration.ofMillis(500);

  final Tokens tokens;
  final Roster stopping;
  final Roster draining;
  final Roster closing;

  private final String name;
  private final Settings options;

  /** All limits are by this (promise 17). */
  private final TimeSource time = TimeSource.current();

  private final Findings findings;
  private final Crew crew;
  private final ProgressTeller progress;
  private final CancellationSource over = CancellationSource.create();
  private final AtomicBoolean started = new AtomicBoolean();

  /** Whether to exit at the end; written by the factory, and by the hook when somebody else has. */
  private volatile boolean exits;

  /** Written by the thread that conducts, read by everybody. */
  private volatile Stage stage;

  /** Written by itself; read by whoever wakes it. */
  private volatile @Nullable Thread thread;

  /** Written by the thread that conducts, read after {@link #over} is cancelled. */
  private volatile @Nullable ShutdownReport report;

  Conductor(String name, Settings options) {
    this.name = name;
    this.options = options;
    findings = new Findings(name, time);
    crew = new Crew(name, findings);
    progress = new ProgressTeller(options.progressEvery(), options.progress());
    var soft = CancellationSource.create(name + ", soft");
    var hard = CancellationSource.create(name + ", hard");
    stopping = new Roster(ShutdownPhase.STOPPING, soft.token(), hard.token(), this::wake);
    draining = new Roster(ShutdownPhase.DRAINING, soft.token(), hard.token(), this::wake);
    closing = new Roster(ShutdownPhase.CLOSING, soft.token(), hard.token(), this::wake);
    tokens = new Tokens(soft, hard, stopping, crew);
    stage = new Stage(ShutdownPhase.RUNNING, Deadline.none(), 0, List.of(draining));
  }

  /** Has the process exit at the end. */
  void exitAtTheEnd() {
    exits = true;
  }

  // ---- for whoever comes by ----

  Stage stage() {
    return stage;
  }

  /** {@return the token that is cancelled when there is a report} */
  CancellationToken over() {
    return over.token();
  }

  /** {@return what it came to; null unless it is over} */
  @Nullable ShutdownReport report() {
    return over.isCancelled() ? report : null;
  }

  private List<Roster> rosters() {
    return List.of(stopping, draining, closing);
  }

  List<Leftover> unfinished() {
    return findings.unfinished(rosters());
  }

  boolean initiate(CancellationReason why) {
    Stack.reserve();
    boolean first = tokens.cancelSoft(why);
    start();
    return first;
  }

  /** From any thread (promise 22). */
  boolean abort(CancellationReason why) {
    initiate(why);
    return stage.phase() != ShutdownPhase.OVER && tokens.cancelHard(why);
  }

  /** By whoever comes by, when the soft token is cancelled: see invariant 1. */
  private void start() {
    if (started.get()) {
      return;
    }
    Thread conducting =
        Thread.ofPlatform()
            .name("desist-shutdown")
            .daemon(false)
            .inheritInheritableThreadLocals(false)
            .unstarted(this::run);
    if (!started.compareAndSet(false, true)) {
      return;
    }
    try {
      conducting.start();
    } catch (Throwable e) { // there is no thread to be had
      try {
        Thread.ofVirtual()
            .name("desist-shutdown")
            .inheritInheritableThreadLocals(false)
            .start(this::run);
      } catch (Throwable again) {
        run(); // then it is this one
      }
    }
  }

  /** The shutdown hook: somebody has called exit, or the last thread has ended. */
  void processExits() {
    exits = false;
    initiate(CancellationReason.shutdown("the process exits"));
    while (!over.isCancelled()) {
      try {
        findings.leaveThoseInExit(rosters());
        boolean _ = over.token().await(LOOKING);
      } catch (Throwable e) {
        // an interrupt, which nobody has a reason for; or no memory. What is waited for has bounds
      }
    }
  }

  // ---- on the thread that conducts ----

  private void run() {
    int code = 1;
    try {
      code = TimeSource.callWith(time, this::conductAndTell);
    } catch (Throwable e) { // which would be a fault of ours; at least it comes to an end
      findings.failed(name, stage.phase(), e);
    } finally {
      if (report == null) {
        report = findings.emptyReport(reason(), draining.total());
      }
      stage = new Stage(ShutdownPhase.OVER, Deadline.none(), 0, List.of());
      over.cancel("the shutdown is over");
    }
    if (exits) {
      System.exit(code);
    }
  }

  private CancellationReason reason() {
    return tokens.soft.token().reason().orElseThrow();
  }

  private int conductAndTell() {
    thread = Thread.currentThread();
    long begun = now();
    step(draining::countWork);
    step(this::stop);
    step(this::drain);
    step(this::close);
    Duration took = Duration.ofNanos(now() - begun);
    if (findings.hasNamesToMake()) {
      step(() -> runBriefly("the names", findings::makeNames));
    }
    ShutdownReport found = findings.report(reason(), took, draining.total());
    report = found;
    return tell(found);
  }

  /** Zero if the clock, which may be a user's, fails. */
  private long now() {
    try {
      return time.nanoTime();
    } catch (Throwable e) {
      return 0;
    }
  }

  /** What fails here, a clock or the memory, keeps the next step from nothing. */
  private void step(Runnable step) {
    try {
      step.run();
    } catch (Throwable e) {
      findings.failed(name, stage.phase(), e);
    }
  }

  private void stop() {
    CancellationSource limit =
        tokens.hard.token().childWithTimeout("stop of " + name, options.stopLimit());
    List<Participant> actions = stopping.begin(limit.token());
    enter(ShutdownPhase.STOPPING, limit.token().deadline(), stopping.total(), stopping);
    crew.launch(actions, limit.token());
    await(limit.token(), Deadline.none());
    limit.cancelAfter(FOREVER); // not closed, which would tell those that go on
  }

  private void drain() {
    CancellationToken hard = tokens.hard.token();
    List<Participant> actions = draining.begin(hard);
    Deadline drained = Deadline.after(options.drainLimit());
    enter(
        ShutdownPhase.DRAINING, drained, stopping.running() + draining.total(), stopping, draining);
    crew.launch(actions, hard);
    await(hard, drained);
    Map<Participant, Sighting> seen = new HashMap<>();
    if (!stage.isQuiet()) {
      if (!hard.isCancelled()) { // once they are told, they leave the place where they hang
        var look = Sighting.Look.brief(time);
        draining.rest().running().forEach(each -> seen.computeIfAbsent(each, look::at));
      }
      tokens.cancelHard(
          CancellationReason.shutdown(
              "draining took longer than " + ShutdownReport.text(options.drainLimit())));
      Deadline end = Deadline.after(options.grace());
      enter(ShutdownPhase.ABORTING, end, stage.left(), stopping, draining);
      await(CancellationToken.none(), end);
    }
    findings.leaveBehind(stopping);
    findings.endOfDrain(draining, seen, hard.reason().orElse(null));
  }

  private void close() {
    CancellationSource limit = CancellationSource.create("close of " + name);
    limit.cancelAfter(options.closeLimit());
    List<Participant> actions = closing.begin(limit.token());
    enter(ShutdownPhase.CLOSING, limit.token().deadline(), closing.total(), closing);
    crew.launch(actions, limit.token());
    await(limit.token(), Deadline.none());
    limit.cancelAfter(FOREVER);
    findings.leaveBehind(closing);
  }

  /** Gives the exit code, after the reporter was told, if he does not take for ever. */
  private int tell(ShutdownReport found) {
    var code = new AtomicInteger(1);
    Action<?> reporting =
        () -> {
          try {
            code.set(options.exitCode().applyAsInt(found));
          } finally {
            options.reporter().accept(found);
          }
        };
    step(() -> runBriefly("the reporter", reporting));
    return code.get();
  }

  /** Has code of the user's run when the phases are over, and does not wait for it for long. */
  private void runBriefly(String what, Action<?> action) {
    var last = new Roster(ShutdownPhase.OVER, tokens.soft.token(), tokens.hard.token(), this::wake);
    var participant = new Participant(last, what, action);
    last.addRunning(participant);
    stage = new Stage(ShutdownPhase.CLOSING, Deadline.after(REPORTING), 0, List.of(last));
    if (crew.launch(participant, CancellationToken.none())) {
      await(CancellationToken.none(), stage.until());
    }
  }

  private void enter(ShutdownPhase phase, Deadline until, int total, Roster... rosters) {
    stage = new Stage(phase, until, total, List.of(rosters));
    progress.tell(stage, name);
  }

  /**
   * Waits until nobody is left in this stage, {@code until} is cancelled or {@code limit} has
   * passed.
   */
  private void await(CancellationToken until, Deadline limit) {
    Deadline next = progress.next();
    while (!stage.isQuiet() && !until.isCancelled() && !limit.isPassed()) {
      try {
        until.awaitOr(stage::isQuiet, Deadline.earliest(limit, next));
      } catch (InterruptedException e) {
        // a thread of ours, which nobody has a reason to interrupt
      }
      if (next.isPassed()) {
        progress.tell(stage, name);
        next = progress.next();
      }
    }
  }

  /** By whoever leaves a roster as its last. */
  private void wake() {
    Thread waiting = thread;
    if (waiting != null) {
      LockSupport.unpark(waiting);
    }
  }
}
