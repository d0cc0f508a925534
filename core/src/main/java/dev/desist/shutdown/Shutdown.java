package dev.desist.shutdown;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Deadline;
import dev.desist.TimeSource;
import dev.desist.internal.Foreign;
import dev.desist.internal.Lane;
import dev.desist.internal.Stack;
import dev.desist.shutdown.ShutdownReport.Failure;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The orderly end of a process, or of a part of it: no new work, then what is in flight, then what
 * it has used; each within its time, and with a report of what did not end.
 *
 * {@snippet class="dev.desist.snippets.ShutdownSnippetsTest" region="process"}
 *
 * <h2>Life cycle</h2>
 *
 * <p>A shutdown begins once: by {@link #initiate}, by {@link #abort}, and if it is that {@linkplain
 * #ofProcess of the process}, by what ends the process. Then follow, each when the one before has
 * nothing left to wait for, or its limit has passed:
 *
 * <ol>
 *   <li><b>Stopping.</b> The {@linkplain #soft() soft token} is cancelled: take no new work. The
 *       actions of {@link #onStop} run.
 *   <li><b>Draining.</b> Work in flight, which is all that has {@linkplain #begin(String) begun}
 *       and is not closed, comes to its end. Nothing disturbs it: nothing is interrupted, and its
 *       tokens are what they were. The actions of {@link #onDrain} run.
 *   <li><b>Aborting,</b> if there is work left at the limit. The {@linkplain #hard() hard token} is
 *       cancelled: end at once. If all drains in time, it is not, unless somebody {@linkplain
 *       #abort aborts}. What has not ended when the grace is over is listed with its stack, and
 *       left behind.
 *   <li><b>Closing.</b> The actions of {@link #onClose} run; those that have not ended at the limit
 *       are listed and left behind, too.
 *   <li><b>Over.</b> The {@linkplain ShutdownOptions#withReporter reporter} gets the {@link
 *       ShutdownReport}, and {@link #await()} returns it.
 * </ol>
 *
 * <p>The actions of a phase run at the same time, each on a thread of its own; what has to happen
 * in some order is one action. An action that throws is listed, and stops nothing else. Its current
 * token is cancelled when its time is up: at the limit for stopping and closing, with the hard
 * token for draining. An action for stopping that outlasts its limit is waited for with the work in
 * flight.
 *
 * <h2>Which thread runs what</h2>
 *
 * <p>The phases are conducted by a platform thread that is made when the shutdown begins, is not a
 * daemon, and runs no code of the user's. Actions, the callbacks of both tokens, names, listener
 * and reporter run on daemon threads of this library, each on one of its own; on virtual ones if
 * the system has no thread left. Callbacks of a token are waited for as actions are.
 *
 * <h2>Time</h2>
 *
 * <p>A shutdown belongs to the {@link TimeSource} in use where it was made, as a source does: with
 * manual time, its limits pass when a test moves it.
 *
 * <h2>Thread safety and memory consistency effects</h2>
 *
 * <p>All methods may be called from any thread. No lock of this library is held while user code
 * runs. What a thread did before {@link #initiate} <i>happens-before</i> what the tokens say it
 * does; for what happens before the end, see {@link Participant}.
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter.
 */
public final class Shutdown {
  /*
   * Overview: three rosters, one for each phase with actions; work in flight is in that of the drain. When the shutdown begins,
   * one thread, the conductor, goes through the phases. Everybody else only enters rosters, leaves them, and cancels tokens.
   *
   * Invariants:  1. It has begun when the soft token is cancelled, whose reason is that of the shutdown: there is no other state
   *                 that could differ. The conductor is started after that, by whoever comes by first: so all work that was
   *                 accepted is in the roster when it first looks (invariant 2 of Roster), and if who cancelled got no further,
   *                 the next one does.
   *              2. The hard token is cancelled only after the soft one.
   *              3. `report` is written before `over` is cancelled.
   *              4. Who cancels a token is in a roster before he does, as its callbacks, and leaves it if there are none.
   * Progress:    the conductor waits for nothing without a limit, and runs no code of the user's: not even to make names, which
   *              comes last, on another thread. A step of it that fails is reported, and the next one follows. Whoever leaves a
   *              roster as its last wakes it. Who waits for a token to be flagged waits for no callback: flags come first.
   */
  private static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();

  /** How long reporter and exit code may take, and before them the names. */
  private static final Duration REPORTING = Duration.ofSeconds(1);

  /** How many threads have their stacks taken at a time, which takes time. */
  private static final int STACKS = 1_000;

  /** How often the hook looks for those who have called exit themselves. */
  private static final Duration LOOKING = Duration.ofMillis(500);

  private static final String NAMELESS = "a participant whose name was not made in time";

  /**
   * Where it is.
   *
   * @param rosters whom it waits for
   * @param total how many they were
   */
  private record Stage(ShutdownPhase phase, Deadline until, int total, List<Roster> rosters) {
    int left() {
      return rosters.stream().mapToInt(Roster::running).sum();
    }
  }

  private final String name;
  private final ShutdownOptions options;
  private final TimeSource time = TimeSource.current();
  private final CancellationSource soft;
  private final CancellationSource hard;
  private final CancellationSource over = CancellationSource.create();
  private final Roster stopping;
  private final Roster draining;
  private final Roster closing;
  private final AtomicBoolean conducted = new AtomicBoolean();
  private final Queue<Failure> failures = new ConcurrentLinkedQueue<>();

  /** In the order in which they were; written by the conductor and the hook. */
  private final Map<Participant, Sighting> leftBehind =
      Collections.synchronizedMap(new LinkedHashMap<>());

  private final AtomicBoolean telling = new AtomicBoolean();

  /** Whether to exit at the end; written by the factory, and by the hook when somebody else has. */
  private volatile boolean exits;

  /** Written by the conductor, read by everybody. */
  private volatile Stage stage;

  /** Written by itself; read by who wakes it. */
  private volatile @Nullable Thread conductor;

  /** Written by the conductor, read after `over` is cancelled. */
  private volatile @Nullable ShutdownReport report;

  private Shutdown(String name, ShutdownOptions options) {
    this.name = Objects.requireNonNull(name, "name");
    this.options = Objects.requireNonNull(options, "options");
    Lane.setAside(); // for actions, when no thread can be started
    soft = CancellationSource.create(name + ", soft");
    hard = CancellationSource.create(name + ", hard");
    stopping = roster(ShutdownPhase.STOPPING);
    draining = roster(ShutdownPhase.DRAINING);
    closing = roster(ShutdownPhase.CLOSING);
    stage = new Stage(ShutdownPhase.RUNNING, Deadline.none(), 0, List.of(draining));
  }

  private Roster roster(ShutdownPhase phase) {
    return new Roster(phase, soft.token(), hard.token(), this::wakeConductor);
  }

  /**
   * {@return a new shutdown that begins when it is told to} For a part of a process, an application
   * in a server, a test: it hears no signals and ends no process.
   *
   * @param name what it shuts down, as messages and the report call it
   */
  public static Shutdown create(String name) {
    return create(name, ShutdownOptions.defaults());
  }

  /**
   * {@return a new shutdown that begins when it is told to}
   *
   * @param name what it shuts down, as messages and the report call it
   * @param options its limits, and who is told
   */
  public static Shutdown create(String name, ShutdownOptions options) {
    return new Shutdown(name, options);
  }

  /**
   * {@return the shutdown of this process, with the default options}
   *
   * @param name what the process is, as messages and the report call it
   * @throws IllegalStateException if this process has one already
   */
  public static Shutdown ofProcess(String name) {
    return ofProcess(name, ShutdownOptions.defaults());
  }

  /**
   * {@return the shutdown of this process} It begins when the process is to end, and ends it:
   *
   * <ul>
   *   <li>The first SIGTERM or SIGINT begins it. This is heard before the shutdown hooks of others
   *       run, so what those close is there until the end. A second signal {@linkplain #abort
   *       aborts} it. A third says what is left on {@link System#err} and halts the process at
   *       once, with 128 and the number of the signal as its code.
   *   <li>When it is over, the process exits with the {@linkplain ShutdownOptions#withExitCode code
   *       of the options}, whoever began it.
   *   <li>{@link System#exit}, and the return of the last thread that is not a daemon, begin it
   *       too. Then it runs as a shutdown hook, at the same time as the hooks of others, and the
   *       code is that of whoever has exited. A participant whose thread has called {@code exit},
   *       and so never comes back, is left behind at once. Virtual threads are daemons, and do not
   *       keep a process alive: have the main thread {@linkplain #await() wait}.
   * </ul>
   *
   * <p>Signals are heard by {@code sun.misc.Signal}. Without its module (add {@code --add-modules
   * jdk.unsupported} if the program is itself a module), a signal runs the shutdown as a hook, and
   * the code is 143 or 130. Under {@code -Xrs}, a signal ends the process at once, without a
   * shutdown, and a warning says so at the start. The JVM must be what gets the signal: a shell
   * script in between has to {@code exec} it.
   *
   * <p>If the process is exiting already, the shutdown has begun when this returns, and nobody
   * waits for it.
   *
   * <p>It stays as long as the process does, and so does the class loader of this library. For an
   * application in a container, which goes before its process, there is {@link #create}.
   *
   * @param name what the process is, as messages and the report call it
   * @param options its limits, and who is told
   * @throws IllegalStateException if this process has one already
   */
  public static Shutdown ofProcess(String name, ShutdownOptions options) {
    var shutdown = new Shutdown(name, options);
    shutdown.exits = true;
    Signals.listen(shutdown);
    return shutdown;
  }

  // ---- for those who take part ----

  /** {@return the token that is cancelled when the shutdown begins: take no new work} */
  public CancellationToken soft() {
    return soft.token();
  }

  /**
   * {@return the token that is cancelled if work in flight has to be aborted} It is what such work
   * should run under. If all ends in time, and nobody aborts, it stays live.
   */
  public CancellationToken hard() {
    return hard.token();
  }

  /**
   * Begins a piece of work, which the shutdown will wait for until the participant is closed. What
   * it hands on while the shutdown drains, it begins {@linkplain Participant#begin(String) itself}.
   *
   * {@snippet class="dev.desist.snippets.ShutdownSnippetsTest" region="work"}
   *
   * @param name what progress and report call it
   * @return close it when the work has ended
   * @throws CancelledException if the shutdown has begun; then the work must not
   */
  public Participant begin(String name) {
    return beginNamed(Objects.requireNonNull(name, "name"));
  }

  /**
   * Begins a piece of work, as {@link #begin(String)} does, whose name is made when somebody wants
   * to read it.
   *
   * @param name makes the name, on any thread, perhaps several times, and perhaps after the work
   *     has ended; must be quick. For the report, all names together have a second
   * @return close it when the work has ended
   * @throws CancelledException if the shutdown has begun; then the work must not
   */
  public Participant begin(Supplier<String> name) {
    return beginNamed(Objects.requireNonNull(name, "name"));
  }

  private Participant beginNamed(Object name) {
    Stack.reserve();
    var work = new Participant(draining, name, null);
    draining.addWork(work, null);
    return work;
  }

  /**
   * Registers what stops new work from coming in: closing a listener, leaving a registry.
   *
   * @param name what progress and report call it
   * @param action run when the shutdown begins, on a thread of its own
   * @return close it to take the action back
   * @throws CancelledException if stopping has begun; the action will not be run
   */
  public Participant onStop(String name, Participant.Action action) {
    return register(stopping, name, action);
  }

  /**
   * Registers what helps to drain: flushing an outbox, a server's own stop that waits for its
   * requests.
   *
   * @param name what progress and report call it
   * @param action run when draining begins, on a thread of its own
   * @return close it to take the action back
   * @throws CancelledException if draining has begun; the action will not be run
   */
  public Participant onDrain(String name, Participant.Action action) {
    return register(draining, name, action);
  }

  /**
   * Registers what closes a resource that work uses.
   *
   * @param name what progress and report call it
   * @param action run when all work has ended or was left behind, on a thread of its own
   * @return close it to take the action back
   * @throws CancelledException if closing has begun; the action will not be run
   */
  public Participant onClose(String name, Participant.Action action) {
    return register(closing, name, action);
  }

  private Participant register(Roster roster, String name, Participant.Action action) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(action, "action");
    Stack.reserve();
    var participant = new Participant(roster, name, action);
    if (!roster.addAction(participant)) {
      throw new CancelledException(soft.token());
    }
    return participant;
  }

  // ---- for those who begin it, watch it, or wait ----

  /**
   * Begins the shutdown. When this returns, the soft token is cancelled; callbacks and phases go on
   * on other threads. Does nothing if it has begun.
   *
   * @param why as one clause: "the operator asked for it"
   * @return whether this call began it
   */
  public boolean initiate(String why) {
    Objects.requireNonNull(why, "why");
    return initiate(CancellationReason.shutdown(why));
  }

  /**
   * Begins the shutdown if it has not, and cancels the hard token now, instead of when the limit
   * for draining passes. Then both tokens are cancelled when this returns. The phases are gone
   * through all the same: the grace counts from here, and closing has its full time. If closing has
   * begun there is nothing left to abort. If the shutdown is over, this does nothing.
   *
   * @param why as one clause: "the operator asked twice"
   * @return whether this call cancelled the hard token
   */
  public boolean abort(String why) {
    Objects.requireNonNull(why, "why");
    CancellationReason abort = CancellationReason.shutdown(why);
    initiate(abort);
    return stage.phase != ShutdownPhase.OVER && cancelHard(abort);
  }

  /**
   * Waits until the shutdown is over, which it does not begin.
   *
   * @return what it came to
   * @throws InterruptedException if the thread was or is interrupted first
   */
  public ShutdownReport await() throws InterruptedException {
    return await(FOREVER).orElseThrow();
  }

  /**
   * Waits until the shutdown is over, but no longer than {@code timeout}.
   *
   * @param timeout zero only asks; longer than 146 years means for ever
   * @return what it came to; empty if it is not over
   * @throws IllegalArgumentException if the timeout is negative
   * @throws InterruptedException if the thread was or is interrupted first
   */
  public Optional<ShutdownReport> await(Duration timeout) throws InterruptedException {
    return over.token().await(timeout) ? Optional.ofNullable(report) : Optional.empty();
  }

  /** {@return how far it has come, as of now} */
  public ShutdownProgress progress() {
    Stage now = stage;
    int left = now.left();
    return new ShutdownProgress(
        name, now.phase, left, Math.max(now.total, left), now.until.remaining());
  }

  /**
   * {@return who is at it now, each with its present stack: work in flight, and actions that run;
   * also those that were left behind, until they end} Of more than a thousand threads, the first
   * thousand are looked at.
   */
  public List<Unfinished> unfinished() {
    var look = new Sighting.Look(STACKS);
    return Stream.of(stopping, draining, closing)
        .flatMap(roster -> roster.rest().running().stream())
        .map(look::at)
        .filter(Objects::nonNull)
        .map(each -> each.named(each.participant().name()))
        .toList();
  }

  // ---- beginning ----

  private boolean initiate(CancellationReason why) {
    Stack.reserve();
    boolean first = tell(soft, "soft", why);
    startConductor();
    return first;
  }

  private boolean cancelHard(CancellationReason why) {
    Stack.reserve();
    return tell(hard, "hard", why);
  }

  /**
   * Cancels. Callbacks, if there are any, run on another thread as an action does: they can hang,
   * and are listed then.
   *
   * @return whether it was this call; the token is cancelled in any case
   */
  private boolean tell(CancellationSource source, String which, CancellationReason why) {
    if (source.isCancelled()) {
      return false;
    }
    var run = new AtomicReference<@Nullable Runnable>();
    var failure = new CompletableFuture<@Nullable Throwable>();
    var callbacks =
        new Participant(
            stopping,
            "callbacks of the " + which + " token",
            () -> {
              Objects.requireNonNull(run.get()).run();
              if (failure.join() instanceof Exception e) {
                throw e;
              }
            });
    var launched = new AtomicBoolean();
    stopping.addRunning(callbacks);
    try {
      source
          .cancelAsync(
              why,
              given -> {
                run.set(given);
                launched.set(launch(callbacks, CancellationToken.none()));
                if (!launched.get()) {
                  given.run();
                }
              })
          .whenComplete(
              (_, e) ->
                  failure.complete(
                      e instanceof CompletionException wrapped ? wrapped.getCause() : e));
    } finally {
      if (!launched.get()) {
        stopping.retract(callbacks); // there are none, or another call was first
      }
    }
    awaitFlag(source.token());
    return source.token().reason().orElseThrow() == why;
  }

  /** Waits for the flag, which comes before any callback, so not for long. */
  private static void awaitFlag(CancellationToken token) {
    boolean interrupted = false;
    while (!token.isCancelled()) {
      try {
        token.await();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whoever comes by, when the soft token is cancelled: see invariant 1. */
  private void startConductor() {
    if (conducted.get()) {
      return;
    }
    Thread thread =
        Thread.ofPlatform()
            .name("desist-shutdown")
            .daemon(false)
            .inheritInheritableThreadLocals(false)
            .unstarted(this::run);
    if (!conducted.compareAndSet(false, true)) {
      return;
    }
    try {
      thread.start();
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
    initiate("the process exits");
    while (!over.isCancelled()) {
      try {
        leaveThoseInExit();
        boolean _ = over.token().await(LOOKING);
      } catch (Throwable e) {
        // an interrupt, which nobody has a reason for; or no memory. What is waited for has bounds
      }
    }
  }

  /** Whoever is in a call to exit waits for this very hook. */
  private void leaveThoseInExit() {
    var look = new Sighting.Look(Integer.MAX_VALUE);
    for (Roster roster : List.of(stopping, draining, closing)) {
      for (Participant each : roster.rest().running()) {
        if (look.isInExit(each) && leaveBehind(look, each)) {
          roster.drop(each);
        }
      }
    }
  }

  /** Whether it had not ended. */
  private boolean leaveBehind(Sighting.Look look, Participant participant) {
    Sighting found = look.at(participant);
    if (found != null) {
      leftBehind.putIfAbsent(participant, found);
    }
    return leftBehind.containsKey(participant);
  }

  /** For a process that is halted. */
  String lastWords(String signal) {
    return "%s is halted by %s, the third signal; %s%s"
        .formatted(name, signal, progress(), ShutdownReport.lines("left behind", unfinished()));
  }

  // ---- conducting ----

  private void run() {
    int code = 1;
    try {
      code = TimeSource.callWith(time, this::conductAndTell);
    } catch (Throwable e) { // which would be a fault of ours; at least it comes to an end
      failures.add(new Failure(name, stage.phase, e));
    } finally {
      if (report == null) {
        report = result(Duration.ZERO, List.of(), List.of());
      }
      stage = new Stage(ShutdownPhase.OVER, Deadline.none(), 0, List.of());
      over.cancel("the shutdown is over");
    }
    if (exits) {
      System.exit(code);
    }
  }

  private int conductAndTell() {
    conductor = Thread.currentThread();
    long begun = now();
    var cutShort = new ArrayList<Sighting>();
    step(draining::countWork);
    step(this::stop);
    step(() -> drain(cutShort));
    step(this::close);
    Duration took = Duration.ofNanos(now() - begun);
    List<Sighting> left = List.copyOf(leftBehind.values());
    Map<Participant, String> names = names(Stream.concat(left.stream(), cutShort.stream()));
    ShutdownReport found = result(took, named(cutShort, names), named(left, names));
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
      failures.add(new Failure(name, stage.phase, e));
    }
  }

  /** Those of the user's making only if they are made in time. */
  private Map<Participant, String> names(Stream<Sighting> all) {
    List<Participant> participants = all.map(Sighting::participant).toList();
    var names = new ConcurrentHashMap<Participant, String>();
    var toMake = new ArrayList<Participant>();
    for (Participant each : participants) {
      if (each.isNamedByUser()) {
        toMake.add(each);
      } else {
        names.put(each, each.name());
      }
    }
    if (!toMake.isEmpty()) {
      step(
          () ->
              runBriefly("the names", () -> toMake.forEach(each -> names.put(each, each.name()))));
    }
    return names;
  }

  private static List<Unfinished> named(List<Sighting> all, Map<Participant, String> names) {
    return all.stream()
        .map(each -> each.named(names.getOrDefault(each.participant(), NAMELESS)))
        .toList();
  }

  private ShutdownReport result(Duration took, List<Unfinished> cutShort, List<Unfinished> left) {
    int leftInDrain =
        (int) left.stream().filter(each -> each.phase() == ShutdownPhase.DRAINING).count();
    return new ShutdownReport(
        name,
        soft.token().reason().orElseThrow(),
        took,
        draining.total() - cutShort.size() - leftInDrain,
        cutShort,
        List.copyOf(failures),
        left);
  }

  private void stop() {
    CancellationSource limit = hard.token().childWithTimeout("stop of " + name, options.stopLimit);
    List<Participant> actions = stopping.begin(limit.token());
    enter(ShutdownPhase.STOPPING, limit.token().deadline(), stopping.total(), stopping);
    launch(actions, limit.token());
    await(limit.token(), Deadline.none());
    limit.cancelAfter(FOREVER); // not closed, which would tell those that go on
  }

  /**
   * Drains.
   *
   * @param cutShort gets the participants that ended after the hard token was cancelled
   */
  private void drain(List<Sighting> cutShort) {
    List<Participant> actions = draining.begin(hard.token());
    Deadline drained = Deadline.after(options.drainLimit);
    enter(
        ShutdownPhase.DRAINING, drained, stopping.running() + draining.total(), stopping, draining);
    launch(actions, hard.token());
    await(hard.token(), drained);
    var seen = new HashMap<Participant, Sighting>();
    if (!isQuiet()) {
      if (!hard.isCancelled()) { // once they are told, they leave the place where they hang
        var look = new Sighting.Look(STACKS);
        for (Participant each : draining.rest().running()) {
          seen.computeIfAbsent(each, look::at);
        }
      }
      cancelHard(
          CancellationReason.shutdown(
              "draining took longer than " + ShutdownReport.text(options.drainLimit)));
      Deadline end = Deadline.after(options.grace);
      enter(ShutdownPhase.ABORTING, end, stage.left(), stopping, draining);
      await(CancellationToken.none(), end);
    }
    var look = new Sighting.Look(STACKS);
    stopping.rest().running().forEach(each -> leaveBehind(look, each));
    Roster.Rest rest = draining.rest();
    Stream<Participant> endedSince =
        rest.running().stream().filter(each -> !leaveBehind(look, each));
    CancellationReason why = hard.token().reason().orElse(null);
    Stream.concat(rest.late().stream(), endedSince)
        .map(each -> seen.computeIfAbsent(each, Sighting::unseen).because(why))
        .forEach(cutShort::add);
  }

  private void close() {
    CancellationSource limit = CancellationSource.create("close of " + name);
    limit.cancelAfter(options.closeLimit);
    List<Participant> actions = closing.begin(limit.token());
    enter(ShutdownPhase.CLOSING, limit.token().deadline(), closing.total(), closing);
    launch(actions, limit.token());
    await(limit.token(), Deadline.none());
    limit.cancelAfter(FOREVER);
    var look = new Sighting.Look(STACKS);
    closing.rest().running().forEach(each -> leaveBehind(look, each));
  }

  /** Gives the exit code, after the reporter was told, if he does not take for ever. */
  private int tell(ShutdownReport found) {
    var code = new AtomicInteger(1);
    Participant.Action reporting =
        () -> {
          try {
            code.set(options.exitCode.applyAsInt(found));
          } finally {
            options.reporter.accept(found);
          }
        };
    step(() -> runBriefly("the reporter", reporting));
    return code.get();
  }

  /** Has code of the user's run when the phases are over, and does not wait for it for long. */
  private void runBriefly(String what, Participant.Action action) {
    Roster last = roster(ShutdownPhase.OVER);
    var participant = new Participant(last, what, action);
    last.addRunning(participant);
    stage = new Stage(ShutdownPhase.CLOSING, Deadline.after(REPORTING), 0, List.of(last));
    if (launch(participant, CancellationToken.none())) {
      await(CancellationToken.none(), stage.until);
    }
  }

  /** When their phase has been entered, which they can see. */
  private void launch(List<Participant> actions, CancellationToken token) {
    actions.forEach(action -> launch(action, token));
  }

  /** Whether there was a thread to be had; there are virtual ones when there are no others. */
  private boolean launch(Participant action, CancellationToken token) {
    var begun = new AtomicBoolean(); // who fails to take it may have taken it
    Runnable body =
        () -> {
          if (begun.compareAndSet(false, true)) {
            action.run(token, this::failed);
          }
        };
    try {
      Lane.WORK.execute(body);
      return true;
    } catch (Throwable e) {
      try {
        Thread.ofVirtual()
            .name("desist-shutdown-action")
            .inheritInheritableThreadLocals(false)
            .start(body);
        return true;
      } catch (Throwable again) {
        failed(action, e);
        action.roster.leave(action);
        return false;
      }
    }
  }

  private void failed(Participant participant, Throwable thrown) {
    if (participant.roster.phase() == ShutdownPhase.OVER) {
      Foreign.log(
          System.Logger.Level.ERROR, "the report on the shutdown of " + name + " failed", thrown);
    } else {
      failures.add(new Failure(participant.name(), participant.roster.phase(), thrown));
    }
  }

  private void enter(ShutdownPhase phase, Deadline until, int total, Roster... rosters) {
    stage = new Stage(phase, until, total, List.of(rosters));
    tellProgress();
  }

  private boolean isQuiet() {
    return stage.left() == 0;
  }

  /**
   * Waits until nobody is left in this stage, {@code until} is cancelled or {@code limit} has
   * passed.
   */
  private void await(CancellationToken until, Deadline limit) {
    Deadline next = nextProgress();
    while (!isQuiet() && !until.isCancelled() && !limit.isPassed()) {
      try {
        until.awaitOr(this::isQuiet, Deadline.earliest(limit, next));
      } catch (InterruptedException e) {
        // a thread of ours, which nobody has a reason to interrupt
      }
      if (next.isPassed()) {
        tellProgress();
        next = nextProgress();
      }
    }
  }

  private Deadline nextProgress() {
    return options.progressEvery == null ? Deadline.none() : Deadline.after(options.progressEvery);
  }

  private void tellProgress() {
    if (options.progressEvery == null || !telling.compareAndSet(false, true)) {
      return;
    }
    ShutdownProgress now = progress();
    try {
      Lane.WORK.execute(
          () -> {
            try {
              options.progress.accept(now);
            } catch (Throwable e) {
              Foreign.log(
                  System.Logger.Level.ERROR,
                  "the listener for the progress of " + name + " failed",
                  e);
            } finally {
              telling.set(false);
            }
          });
    } catch (Throwable e) { // there is no thread to be had
      telling.set(false);
    }
  }

  private void wakeConductor() {
    Thread waiting = conductor;
    if (waiting != null) {
      LockSupport.unpark(waiting);
    }
  }

  /** {@return the name and how far it has come} */
  @Override
  public String toString() {
    return "Shutdown[" + progress() + ']';
  }
}
