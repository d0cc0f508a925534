package dev.desist.shutdown;

import dev.desist.Action;
import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Leftover;
import dev.desist.TimeSource;
import dev.desist.internal.Stack;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import java.util.function.UnaryOperator;

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
 *   <li><b>Draining.</b> Work in flight, which is all that is {@linkplain #track(String) tracked}
 *       and is not closed, comes to its end. Nothing disturbs it: nothing is interrupted, and its
 *       tokens are what they were. The actions of {@link #onDrain} run.
 *   <li><b>Aborting,</b> if there is work left at the limit. The {@linkplain #hard() hard token} is
 *       cancelled: end at once. If all drains in time, it is not, unless somebody {@linkplain
 *       #abort aborts}. What has not ended when the grace is over is listed with its stack, and
 *       left behind.
 *   <li><b>Closing.</b> The actions of {@link #onClose} run; those that have not ended at the limit
 *       are listed and left behind, too.
 *   <li><b>Over.</b> The {@linkplain Configuration#withReporter reporter} gets the {@link
 *       ShutdownReport}, and {@link #await(CancellationToken)} returns it.
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
   * Overview: whoever takes part enters a roster, and leaves it; whoever begins or aborts cancels a
   * token. When the soft one is cancelled, one thread, the conductor, goes through the phases. Each
   * of these is a file: Roster, with Participant; Tokens; Conductor, with Stage, where it is. Crew
   * runs the code of users; Findings gathers what the report is made of, with Sighting;
   * ProgressTeller tells how it goes; Signals is how a process is told to end.
   *
   * States:      phase     soft       hard       waits for           until
   *              RUNNING   live       live       nobody              the soft token is cancelled
   *              STOPPING  cancelled  any        stopping            quiet, hard, or the limit
   *              DRAINING  cancelled  any        stopping, draining  quiet, hard, or the limit
   *              ABORTING  cancelled  cancelled  stopping, draining  quiet, or the grace is over
   *              CLOSING   cancelled  any        closing             quiet, or the limit
   *              OVER      cancelled  any        nobody              for ever
   *              ABORTING is left out if DRAINING ends quiet. What follows on CLOSING, which is
   *              names, report and reporter, counts as a part of it.
   * Invariants:  1. It has begun when the soft token is cancelled, whose reason is that of the
   *                 shutdown: there is no other state that could differ. The conductor is started
   *                 after that, by whoever comes by first: so all work that was accepted is in the
   *                 roster when it first looks (invariant 2 of Roster), and if whoever cancelled
   *                 got no further, the next one does.
   *              2. The hard token is cancelled only after the soft one.
   *              3. The report is written before `over` is cancelled.
   *              4. Whoever cancels a token is in a roster before that, as its callbacks, and
   *                 leaves it if there are none.
   * Progress:    whoever leaves a roster as its last wakes the conductor. Whoever waits for a token
   *              to be flagged waits for no callback: flags come first.
   */
  private static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();

  private final String name;
  private final Conductor conductor;

  private Shutdown(String name, UnaryOperator<Configuration> configure) {
    this.name = Objects.requireNonNull(name, "name");
    Objects.requireNonNull(configure, "configure");
    Configuration made = configure.apply(Settings.DEFAULT);
    Objects.requireNonNull(made, "configure must not give null");
    conductor = new Conductor(name, (Settings) made);
  }

  /**
   * {@return a new shutdown that begins when it is told to} For a part of a process, an application
   * in a server, a test: it hears no signals and ends no process.
   *
   * @param name what it shuts down, as messages and the report call it
   */
  public static Shutdown create(String name) {
    return create(name, UnaryOperator.identity());
  }

  /**
   * {@return a new shutdown that begins when it is told to}
   *
   * @param name what it shuts down, as messages and the report call it
   * @param configure makes the configuration from the default one: its limits, and who is told
   */
  public static Shutdown create(String name, UnaryOperator<Configuration> configure) {
    return new Shutdown(name, configure);
  }

  /**
   * {@return the shutdown of this process, with the default configuration}
   *
   * @param name what the process is, as messages and the report call it
   * @throws IllegalStateException if this process has one already
   */
  public static Shutdown ofProcess(String name) {
    return ofProcess(name, UnaryOperator.identity());
  }

  /**
   * {@return the shutdown of this process} It begins when the process is to end, and ends it:
   *
   * <ul>
   *   <li>The first SIGTERM or SIGINT begins it. This is heard before the shutdown hooks of others
   *       run, so what those close is there until the end. A second signal {@linkplain #abort
   *       aborts} it. A third says what is left on {@link System#err} and halts the process at
   *       once, with 128 and the number of the signal as its code.
   *   <li>When it is over, the process exits with the {@linkplain Configuration#withExitCode code
   *       that was set}, whoever began it.
   *   <li>{@link System#exit}, and the return of the last thread that is not a daemon, begin it
   *       too. Then it runs as a shutdown hook, at the same time as the hooks of others, and the
   *       code is that of whoever has exited. A participant whose thread has called {@code exit},
   *       and so never comes back, is left behind at once. Virtual threads are daemons, and do not
   *       keep a process alive: have the main thread {@linkplain #await(CancellationToken) wait}.
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
   * @param configure makes the configuration from the default one: its limits, and who is told
   * @throws IllegalStateException if this process has one already
   */
  public static Shutdown ofProcess(String name, UnaryOperator<Configuration> configure) {
    var shutdown = new Shutdown(name, configure);
    shutdown.conductor.exitAtTheEnd();
    Signals.listen(shutdown);
    return shutdown;
  }

  // ---- for those who take part ----

  /** {@return the token that is cancelled when the shutdown begins: take no new work} */
  public CancellationToken soft() {
    return conductor.tokens.soft.token();
  }

  /**
   * {@return the token that is cancelled if work in flight has to be aborted} It is what such work
   * should run under. If all ends in time, and nobody aborts, it stays live.
   */
  public CancellationToken hard() {
    return conductor.tokens.hard.token();
  }

  /**
   * Has a piece of work waited for until the participant is closed. To be called before the work
   * begins. What it hands on while the shutdown drains, it has tracked {@linkplain
   * Participant#track(String) itself}.
   *
   * {@snippet class="dev.desist.snippets.ShutdownSnippetsTest" region="work"}
   *
   * @param name what progress and report call it
   * @return close it when the work has ended
   * @throws CancelledException if the shutdown has begun; then the work must not
   */
  public Participant track(String name) {
    return trackNamed(Objects.requireNonNull(name, "name"));
  }

  /**
   * Has a piece of work waited for, as {@link #track(String)} does, whose name is made when
   * somebody wants to read it.
   *
   * @param name makes the name, on any thread, perhaps several times, and perhaps after the work
   *     has ended; must be quick. For the report, all names together have a second
   * @return close it when the work has ended
   * @throws CancelledException if the shutdown has begun; then the work must not
   */
  public Participant track(Supplier<String> name) {
    return trackNamed(Objects.requireNonNull(name, "name"));
  }

  private Participant trackNamed(Object name) {
    Stack.reserve();
    var work = new Participant(conductor.draining, name, null);
    conductor.draining.addWork(work, null);
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
  public Participant onStop(String name, Action<?> action) {
    return register(conductor.stopping, name, action);
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
  public Participant onDrain(String name, Action<?> action) {
    return register(conductor.draining, name, action);
  }

  /**
   * Registers what closes a resource that work uses.
   *
   * @param name what progress and report call it
   * @param action run when all work has ended or was left behind, on a thread of its own
   * @return close it to take the action back
   * @throws CancelledException if closing has begun; the action will not be run
   */
  public Participant onClose(String name, Action<?> action) {
    return register(conductor.closing, name, action);
  }

  private Participant register(Roster roster, String name, Action<?> action) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(action, "action");
    Stack.reserve();
    var participant = new Participant(roster, name, action);
    if (!roster.addAction(participant)) {
      throw new CancelledException(soft());
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
    return conductor.initiate(CancellationReason.shutdown(why));
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
    return conductor.abort(CancellationReason.shutdown(why));
  }

  /**
   * Waits until the shutdown is over, which it does not begin.
   *
   * @param token what may end the wait, as the current token may
   * @return what it came to
   * @throws CancelledException if a token is or becomes cancelled, and the shutdown is not over
   * @throws InterruptedException if the thread was or is interrupted first
   */
  public ShutdownReport await(CancellationToken token) throws InterruptedException {
    return await(token, FOREVER).orElseThrow();
  }

  /**
   * Waits until the shutdown is over, but no longer than {@code timeout}.
   *
   * @param token what may end the wait, as the current token may
   * @param timeout zero only asks; longer than 146 years means for ever. By the time source of the
   *     shutdown
   * @return what it came to; empty if it is not over
   * @throws CancelledException if a token is or becomes cancelled, and the shutdown is not over
   * @throws IllegalArgumentException if the timeout is negative
   * @throws InterruptedException if the thread was or is interrupted first
   */
  public Optional<ShutdownReport> await(CancellationToken token, Duration timeout)
      throws InterruptedException {
    CancellationToken obeyed = Cancellation.currentWith(token);
    Objects.requireNonNull(timeout, "timeout");
    Stack.reserve();
    if (!conductor.over().isCancelled() && !obeyed.isCancelled()) {
      // Its own token first: the wait goes by its time.
      try (var either = CancellationSource.linkedTo(conductor.over(), obeyed)) {
        either.token().await(timeout);
      }
    }
    Optional<ShutdownReport> report = Optional.ofNullable(conductor.report());
    if (report.isEmpty()) {
      obeyed.throwIfCancelled();
    }
    return report;
  }

  /** {@return how far it has come, as of now} */
  public ShutdownProgress progress() {
    return conductor.stage().progress(name);
  }

  /**
   * {@return who is at it now, each with its present stack: work in flight, and actions that run;
   * also those that were left behind, until they end} Of more than a thousand threads, the first
   * thousand are looked at.
   */
  public List<Leftover> unfinished() {
    return conductor.unfinished();
  }

  // ---- for what ends a process ----

  /** The shutdown hook: somebody has called exit, or the last thread has ended. */
  void processExits() {
    conductor.processExits();
  }

  /** For a process that is halted. */
  String lastWords(String signal) {
    return "%s is halted by %s, the third signal; %s%s"
        .formatted(name, signal, progress(), ShutdownReport.lines("left behind", unfinished()));
  }

  /** {@return the name and how far it has come} */
  @Override
  public String toString() {
    return "Shutdown[" + progress() + ']';
  }

  /**
   * How long the phases may take, and who is told. Immutable: each method gives a changed copy.
   *
   * <p>A limit counts from the beginning of its phase; the next phase begins when nothing is left
   * to wait for, and when the limit has passed at the latest. So the sum of the four is the longest
   * that a shutdown can take, but for a moment for the report. By default it is 20 s: 2 s to stop,
   * 10 s to drain, 5 s of grace, 3 s to close. Of the 30 s that Kubernetes gives, this leaves five
   * for a {@code preStop} and five for the end of the JVM.
   *
   * {@snippet class="dev.desist.snippets.ShutdownSnippetsTest" region="options"}
   */
  public sealed interface Configuration permits Settings {
    /**
     * {@return as this, with another limit for {@link ShutdownPhase#STOPPING}}
     *
     * @param limit how long the actions of {@link Shutdown#onStop} hold up the drain; longer than
     *     146 years means without end
     * @throws IllegalArgumentException if it is negative
     */
    Configuration withStopLimit(Duration limit);

    /**
     * {@return as this, with another limit for {@link ShutdownPhase#DRAINING}}
     *
     * @param limit how long work in flight may take before the hard token is cancelled; zero
     *     cancels it if there is any; longer than 146 years means without end
     * @throws IllegalArgumentException if it is negative
     */
    Configuration withDrainLimit(Duration limit);

    /**
     * {@return as this, with another limit for {@link ShutdownPhase#ABORTING}}
     *
     * @param grace how long work may go on after the hard token was cancelled, before it is listed
     *     and left behind; longer than 146 years means without end
     * @throws IllegalArgumentException if it is negative
     */
    Configuration withGrace(Duration grace);

    /**
     * {@return as this, with another limit for {@link ShutdownPhase#CLOSING}}
     *
     * @param limit how long the actions of {@link Shutdown#onClose} may take before they are listed
     *     and left behind; longer than 146 years means without end
     * @throws IllegalArgumentException if it is negative
     */
    Configuration withCloseLimit(Duration limit);

    /**
     * {@return as this, with somebody else who is given the report}
     *
     * @param reporter called once, on a daemon thread of this library, when all phases are over and
     *     before {@link Shutdown#await(CancellationToken)} returns; waited for one second. By
     *     default it prints to {@link System#err}. What it throws is logged
     */
    Configuration withReporter(Consumer<? super ShutdownReport> reporter);

    /**
     * {@return as this, with somebody who is told how far it has come: at the beginning of each
     * phase and then regularly}
     *
     * @param every how often; at least one millisecond
     * @param listener called on daemon threads of this library, one call at a time: while one is
     *     under way, further ones are left out. What it throws is logged
     * @throws IllegalArgumentException if {@code every} is shorter than a millisecond
     */
    Configuration withProgress(Duration every, Consumer<? super ShutdownProgress> listener);

    /**
     * {@return as this, with another exit code for {@link Shutdown#ofProcess}}
     *
     * @param exitCode gives the code, on a daemon thread of this library, just before the reporter
     *     is called; if it throws, the code is 1. By default 0 if the report is {@linkplain
     *     ShutdownReport#isClean() clean}, else 1
     */
    Configuration withExitCode(ToIntFunction<? super ShutdownReport> exitCode);
  }
}
