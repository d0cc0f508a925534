package dev.desist.io;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.internal.Arguments;
import dev.desist.internal.Foreign;
import dev.desist.internal.Stack;
import dev.desist.internal.Waiters;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A process that ends with a token, and takes its descendants along.
 *
 * {@snippet class="dev.desist.snippets.ProcessSnippets" region="run"}
 *
 * <p>Each blocking method obeys the token that it is given, and the {@linkplain
 * Cancellation#current() current} one.
 *
 * <h2>Life cycle</h2>
 *
 * <p>{@link #run run} starts a process, waits for its end, and gives what it wrote. {@link #start
 * start} leaves it to you to talk to it; close the result, which ends the process if that has not
 * ended by itself:
 *
 * {@snippet class="dev.desist.snippets.ProcessSnippets" region="talk"}
 *
 * <h2>How a process is ended</h2>
 *
 * <p>When a wait for it is cancelled, or it is closed, all processes of the tree are <i>asked</i>
 * to end, by {@link ProcessHandle#destroy()}, which is {@code SIGTERM}; parents before their
 * children, so that no script goes on with its next command. When the {@linkplain
 * ProcessEnding#withGrace grace} is over, those that are left are killed. Meanwhile the table of
 * processes is read again and again: what they start in that time is found, and treated alike. What
 * could not be killed, because it belongs to another user or hangs in the operating system, is
 * reported: in the {@link ProcessReport}, as a {@link ProcessesSurvivedException} suppressed in the
 * exception of the cancelled call, and as a warning of the {@link System.Logger} named {@code
 * dev.desist}.
 *
 * <p>The tree is the process and its descendants; a descendant whose parent has ended is still one
 * of them if it was seen before. Processes that were started <i>here</i> also carry a mark, in the
 * environment variable {@code DESIST_TREE}, which what they start inherits: on Linux, all who have
 * it belong to the tree, even those that have detached themselves. Elsewhere, and of a process that
 * was started by others, those that had detached themselves before are not found. To let a
 * descendant live on, start it without that variable.
 *
 * <h2>Which thread runs what, and what blocks</h2>
 *
 * <p>The thread that waits, not the one that cancels, asks, waits for the grace, and kills: so a
 * cancelled call takes as long as the processes do, up to the grace and the patience of its {@link
 * ProcessEnding} together. Output that nobody reads is read and thrown away then, so that a process
 * which still wants to write can end. A process whose token is cancelled while no thread waits for
 * it, or reads from it, goes on until one does, or closes it.
 *
 * <h2>Interrupts</h2>
 *
 * <p>An interrupted wait throws an {@link InterruptedException}. {@link #waitFor} leaves the
 * process running, as {@link Process#waitFor()} does; {@link #run run}, whose process nobody else
 * knows, ends it first. An interrupt while processes are given their grace cuts that short.
 *
 * <h2>Thread safety</h2>
 *
 * <p>All methods may be called from any thread.
 */
public final class CancellableProcess implements AutoCloseable {
  /**
   * What {@link #run} is told. Immutable: each method gives a changed copy. In the default one
   * there is no input, all of the output is kept, and the processes are ended as in {@link
   * ProcessEnding#defaults()}.
   */
  public static final class Configuration {
    private static final Configuration DEFAULT =
        new Configuration(ProcessEnding.defaults(), new byte[0], Integer.MAX_VALUE - 8);

    private final ProcessEnding ending;
    private final byte[] input;
    private final int limit;

    private Configuration(ProcessEnding ending, byte[] input, int limit) {
      this.ending = ending;
      this.input = input;
      this.limit = limit;
    }

    /**
     * {@return a copy with another way to end the process when the call is cancelled}
     *
     * @param ending how
     */
    public Configuration withEnding(ProcessEnding ending) {
      return new Configuration(Objects.requireNonNull(ending, "ending"), input, limit);
    }

    /**
     * {@return a copy with something to read for the process} It finds the end of its standard
     * input afterwards.
     *
     * @param input what; copied
     */
    public Configuration withInput(byte[] input) {
      return new Configuration(ending, Objects.requireNonNull(input, "input").clone(), limit);
    }

    /**
     * {@return a copy that keeps the first {@code bytes} of the output, and as many of the errors}
     * The rest is read and thrown away.
     *
     * @param bytes how many
     * @throws IllegalArgumentException if it is negative
     */
    public Configuration withOutputLimit(int bytes) {
      Arguments.notNegative(bytes, "bytes");
      return new Configuration(ending, input, bytes);
    }
  }

  private final Process process;
  private final @Nullable String mark;
  private final ProcessEnding ending;
  private final Waiters waiters = new Waiters();
  private final CancellableInputStream output;
  private final CancellableInputStream errors;

  /**
   * It was alive when somebody's wait for it was cancelled: its end is no completion, for whoever
   * else waited under a token that is cancelled. Written by those who wait.
   */
  private volatile boolean cutShort;

  private CancellableProcess(Process process, @Nullable String mark, ProcessEnding ending) {
    this.process = process;
    this.mark = mark;
    this.ending = ending;
    String name = "process-" + process.pid();
    this.output = CancellableInputStream.named(process.getInputStream(), name);
    this.errors = CancellableInputStream.named(process.getErrorStream(), name + "-errors");
    var _ = process.onExit().whenComplete((_, _) -> waiters.wake());
  }

  // ---- making one ----

  /**
   * {@return a process that was started now}
   *
   * @param builder says what to start; it is as before afterwards
   * @throws IOException if that is not possible
   */
  public static CancellableProcess start(ProcessBuilder builder) throws IOException {
    return start(builder, ProcessEnding.defaults());
  }

  /**
   * {@return a process that was started now}
   *
   * @param builder says what to start; it is as before afterwards
   * @param ending how to end it when a wait is cancelled, or it is closed
   * @throws IOException if that is not possible
   */
  public static CancellableProcess start(ProcessBuilder builder, ProcessEnding ending)
      throws IOException {
    Objects.requireNonNull(builder, "builder");
    Objects.requireNonNull(ending, "ending");
    Stack.reserve();
    String mark = ProcessTree.newMark();
    Process started = ProcessTree.start(builder, mark);
    try {
      return new CancellableProcess(started, mark, ending);
    } catch (Throwable e) {
      started.destroyForcibly(); // nobody else will
      throw e;
    }
  }

  /**
   * {@return a process that was started elsewhere} It carries no mark: descendants that had lost
   * their parent before the process was ended are not found.
   *
   * @param process what to wait for, and to end; its output is read through the result from now on
   * @param ending how to end it when a wait is cancelled, or it is closed
   */
  public static CancellableProcess of(Process process, ProcessEnding ending) {
    return new CancellableProcess(
        Objects.requireNonNull(process, "process"), null, Objects.requireNonNull(ending, "ending"));
  }

  // ---- running one ----

  /**
   * Runs a process to its end, as {@link #run(CancellationToken, ProcessBuilder, UnaryOperator)}
   * does.
   *
   * @param token what may end it
   * @param builder says what to run
   * @return how it ended, and what it wrote
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws IOException if the process cannot be started
   * @throws InterruptedException if the thread was or is interrupted; the processes were ended
   */
  public static ProcessResult run(CancellationToken token, ProcessBuilder builder)
      throws IOException, InterruptedException {
    return run(token, builder, UnaryOperator.identity());
  }

  /**
   * Runs a process to its end: starts it, feeds it, reads what it writes, and waits until it has
   * ended and nobody can write any more. A descendant that goes on in the background is waited for,
   * unless its output is redirected.
   *
   * @param token what may end it; if it is cancelled already, nothing is started
   * @param builder says what to run; it is as before afterwards. What it redirects is not collected
   * @param configure makes the configuration from the default one
   * @return how it ended, and what it wrote
   * @throws CancelledIOException if the token is or becomes cancelled; the processes were ended
   * @throws IOException if the process cannot be started, or its output cannot be read
   * @throws InterruptedException if the thread was or is interrupted; the processes were ended
   */
  public static ProcessResult run(
      CancellationToken token, ProcessBuilder builder, UnaryOperator<Configuration> configure)
      throws IOException, InterruptedException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(builder, "builder");
    Objects.requireNonNull(configure, "configure");
    Configuration options =
        Objects.requireNonNull(
            configure.apply(Configuration.DEFAULT), "configure must not give null");
    CancellationToken obeyed = Cancellation.currentWith(token);
    CancelledIOException.throwIfCancelled(obeyed);
    CancellableProcess started = start(builder, options.ending);
    try {
      var streams =
          new ProcessStreams(started.process, options.input, options.limit, started.waiters);
      BooleanSupplier isOver = () -> streams.isFinished() && !started.process.isAlive();
      started.waiters.await(() -> obeyed.awaitOr(isOver, Deadline.none()));
      if (isOver.getAsBoolean()) {
        return streams.result(started.process.exitValue());
      }
      throw new CancelledIOException(obeyed);
    } catch (Throwable e) { // whatever it is, nobody else will end the process
      started.endAfter(e);
      throw e;
    }
  }

  // ---- one that was started ----

  /** {@return the process behind this one; read its output here, not there} */
  public Process process() {
    return process;
  }

  /**
   * {@return what the process writes to its standard output} Reads end with their token, and leave
   * the process running.
   */
  public CancellableInputStream output() {
    return output;
  }

  /**
   * {@return what the process writes to its standard error} Reads end with their token, and leave
   * the process running.
   */
  public CancellableInputStream errors() {
    return errors;
  }

  /**
   * {@return what the process reads from its standard input} A write knows no token: it blocks if
   * the process does not read, and nothing but the end of the process ends it.
   */
  public OutputStream input() {
    return process.getOutputStream();
  }

  /**
   * Waits until the process has ended. If the token is cancelled, ends it and its descendants, and
   * waits for that. If it has ended by itself, its descendants are left alone.
   *
   * @param token what may end the wait and the process
   * @return the exit code
   * @throws CancelledException if the token is or becomes cancelled, and the process had not ended
   *     by itself by then
   * @throws InterruptedException if the thread was or is interrupted; the process goes on
   */
  public int waitFor(CancellationToken token) throws InterruptedException {
    Objects.requireNonNull(token, "token");
    Stack.reserve();
    CancellationToken obeyed = Cancellation.currentWith(token);
    waiters.await(() -> obeyed.awaitOr(() -> !process.isAlive(), Deadline.none()));
    if (!process.isAlive() && !(cutShort && obeyed.isCancelled())) {
      return process.exitValue();
    }
    cutShort = true;
    var cancelled = new CancelledException(obeyed);
    output.discard();
    errors.discard();
    endAfter(cancelled);
    throw cancelled;
  }

  /**
   * Ends the process and its descendants now, as was said when it was made, and waits for that.
   * What it has written and nobody has read can still be read, as far as the buffers hold it. If
   * the process has ended already, ends what is left of its descendants and can be found.
   *
   * @return what became of them
   */
  public ProcessReport end() {
    return end(ending);
  }

  /**
   * Ends the process and its descendants now, as {@link #end()} does.
   *
   * @param how with what grace
   * @return what became of them
   */
  public ProcessReport end(ProcessEnding how) {
    Objects.requireNonNull(how, "how");
    output.discard();
    errors.discard();
    return endTree(how);
  }

  private ProcessReport endTree(ProcessEnding how) {
    ProcessReport report = ProcessTree.end(process.toHandle(), mark, how);
    if (!report.survivors().isEmpty()) {
      Foreign.log(
          System.Logger.Level.WARNING, ProcessesSurvivedException.describe(report.survivors()));
    }
    return report;
  }

  /** Ends all, and tells {@code failure} who survived. */
  private void endAfter(Throwable failure) {
    ProcessReport report = endTree(ending);
    if (!report.survivors().isEmpty()) {
      failure.addSuppressed(new ProcessesSurvivedException(report.survivors()));
    }
  }

  /**
   * Ends the process if it has not ended by itself, as {@link #end()} does, and closes its streams.
   */
  @Override
  public void close() {
    try {
      if (process.isAlive()) {
        end();
      }
    } finally {
      for (Closeable each : new Closeable[] {input(), output, errors}) {
        try {
          each.close();
        } catch (IOException | RuntimeException e) {
          // There is nobody at the other end.
        }
      }
    }
  }

  /** {@return the process, in words} */
  @Override
  public String toString() {
    return "Cancellable" + process;
  }
}
