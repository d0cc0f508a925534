package dev.desist;

import dev.desist.internal.Fields;
import dev.desist.internal.Lane;
import dev.desist.internal.Stack;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The read-only view of a {@link CancellationSource}: work takes one as a parameter, and asks it,
 * waits for it or registers callbacks with it. A token cannot cancel, and there is no way from a
 * token to its source.
 *
 * <p>A token is <i>live</i> until it is cancelled, and then cancelled for ever, with one
 * {@linkplain #reason() reason}. It is cancelled when its source is cancelled or closed, when the
 * deadline of its source passes, or when any of this happens to a token it descends from. {@link
 * #none()} is never cancelled.
 *
 * {@snippet class="dev.desist.snippets.TokenSnippets" region="loop"}
 *
 * <h2>Which thread runs what</h2>
 *
 * <p>A callback without an executor runs on the thread that cancels, or, when a deadline passes, on
 * a daemon thread of this library; a callback with an executor is submitted there, and nowhere
 * else. A callback registered on a token that is cancelled already runs (or is submitted) before
 * the registering call returns. The order of callbacks is unspecified. Before the first callback of
 * a cancelled tree runs, every token in the tree reports cancelled, and every thread that waits in
 * {@link #await()} has been woken. No lock of this library is held while a callback runs, so a
 * callback may do anything, including to cancel, to register, and to close its own registration or
 * source. A slow callback delays the other callbacks and the call to {@code cancel}, but no poll
 * and no waiting thread.
 *
 * <h2>Thread safety</h2>
 *
 * <p>All methods may be called from any thread. {@link #isCancelled()} is one load with acquire
 * semantics at any depth of the tree, with or without a deadline.
 *
 * <p>Cancelling is not atomic for somebody who watches several tokens: while a tree is being
 * cancelled, one of its tokens may report cancelled and another not yet.
 *
 * <h2>Memory consistency effects</h2>
 *
 * <p>What a thread did before it cancelled <i>happens-before</i> what another does after it saw
 * {@link #isCancelled()} return true, in a callback, after {@link #await()} returned true, and
 * after it caught a {@link CancelledException}.
 *
 * <h2>Garbage collection</h2>
 *
 * <p>Nothing is ever cancelled because it became unreachable. A token with a callback waiting is
 * kept by the tokens above it; one without can be collected while they live.
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter, on {@link
 * #none()} too.
 */
public final class CancellationToken {
  // Longer than other files: the contract of the one class that everybody uses stands in one place.

  static final String UNNAMED = "unnamed";

  private static final VarHandle VERDICT =
      Fields.of(MethodHandles.lookup(), "verdict", Verdict.class);
  private static final VarHandle STAGE =
      Fields.of(MethodHandles.lookup(), "stage", CompletionStage.class);

  /** Has no node, so nothing can be stored for it (promise 5). */
  private static final CancellationToken NONE = new CancellationToken();

  /** Null for {@link #none()} alone. There is no field that leads to a source (promise 4). */
  private final @Nullable Node node;

  /**
   * The node's verdict again, so that a poll is one load: written by whoever finds it on the node,
   * always the same; read by everybody.
   */
  @SuppressWarnings("UnusedVariable") // used through VERDICT
  private @Nullable Verdict verdict;

  /** What {@link #whenCancelled()} gives; made by the first call. */
  @SuppressWarnings("UnusedVariable") // used through STAGE
  private @Nullable CompletionStage<CancellationReason> stage;

  private CancellationToken() {
    node = null;
  }

  /** A root, or a child of {@code parent}. */
  private CancellationToken(@Nullable Node parent, @Nullable String name, TimeSource time) {
    node = Forgotten.node(this, parent, name, time);
  }

  private CancellationToken(List<Node> parents, TimeSource time) {
    node = Forgotten.linkedNode(this, parents, time);
  }

  static CancellationToken root(@Nullable String name) {
    Forgotten.release();
    return new CancellationToken((Node) null, name, TimeSource.current());
  }

  /**
   * Holds on to both until the child is attached: a node whose token is gone may be taken out of
   * its tree.
   */
  private static CancellationToken childOf(
      CancellationToken parent, Node above, @Nullable String name) {
    Forgotten.release();
    var token = new CancellationToken(above, name, above.time);
    try {
      above.adopt(Objects.requireNonNull(token.node));
    } finally {
      Reference.reachabilityFence(parent);
      Reference.reachabilityFence(token);
    }
    return token;
  }

  /** A token below several, none of which is {@link #none()}. */
  static CancellationToken linkedTo(List<CancellationToken> parents) {
    Stack.reserveForStep();
    Forgotten.release();
    List<Node> above = parents.stream().map(parent -> Objects.requireNonNull(parent.node)).toList();
    var token = new CancellationToken(above, above.getFirst().time);
    try {
      ((LinkedNode) Objects.requireNonNull(token.node)).attach();
    } finally {
      Reference.reachabilityFence(parents);
      Reference.reachabilityFence(token);
    }
    return token;
  }

  /** Sets the own deadline of this token's source: see {@link Alarm#set}. */
  void arm(Deadline deadline, @Nullable CancellationReason reason, boolean isNew) {
    try {
      Alarm.set(Objects.requireNonNull(node), deadline, reason, isNew);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * {@return the token that is never cancelled} Nothing is stored for it, whatever is registered.
   */
  public static CancellationToken none() {
    return NONE;
  }

  /**
   * {@return a token that has been cancelled from the start}
   *
   * @param reason why
   */
  public static CancellationToken cancelled(CancellationReason reason) {
    Objects.requireNonNull(reason, "reason");
    CancellationToken token = root(null);
    Objects.requireNonNull(token.node).cancel(reason);
    return token;
  }

  @Nullable Node node() {
    return node;
  }

  /**
   * Always with the verdict of the node, so it matters not how often. Releases what the canceller
   * did before (promise 2).
   */
  void publish(Verdict found) {
    VERDICT.setRelease(this, found);
  }

  @Nullable Verdict verdict() {
    return (Verdict) VERDICT.getAcquire(this);
  }

  // ---- asking ----

  /** {@return whether this token is cancelled} Once true, true for ever. */
  // One load with acquire semantics, and nothing else (promise 6); what it acquires is promise 2.
  public boolean isCancelled() {
    return verdict() != null;
  }

  /** {@return whether this token is or may yet be cancelled: false for {@link #none()} alone} */
  public boolean canBeCancelled() {
    return node != null;
  }

  /**
   * Returns if this token is live.
   *
   * @throws CancelledException if it is cancelled
   */
  public void throwIfCancelled() {
    if (isCancelled()) {
      throw new CancelledException(this);
    }
  }

  /** The verdict of a token that is cancelled. */
  private Verdict given() {
    return Objects.requireNonNull(verdict());
  }

  /** {@return why this token was cancelled; empty while it is live} */
  public Optional<CancellationReason> reason() {
    Verdict found = verdict();
    return found == null ? Optional.empty() : Optional.of(found.reason);
  }

  /**
   * {@return the names from the source that was cancelled down to this token; empty while it is
   * live}
   *
   * <p>A source without a name appears as {@code "unnamed"}.
   */
  public List<String> path() {
    return node == null ? List.of() : Lineage.path(node);
  }

  /**
   * {@return the earliest deadline of this token's source and of all it descends from, as of now}
   *
   * <p>{@link Deadline#none()} if there is none. The cost grows with the depth of the tree.
   */
  public Deadline deadline() {
    return node == null ? Deadline.none() : Lineage.deadline(node);
  }

  /**
   * {@return whether {@code thrown} comes from the cancellation of this token} That is so if it, or
   * anything among its causes and suppressed exceptions, is the {@link CancelledException} of this
   * token, or of one that was cancelled by the same call: what others have wrapped around it, and
   * however often, makes no difference. The exception of another cancellation is another matter,
   * even if that had the same reason.
   *
   * <p>For whoever has work done under a token and has to tell its end from a failure. To tell any
   * cancellation from a failure, as where tries are repeated, see {@link CancelledException#find}.
   *
   * @param thrown what was caught
   */
  public boolean caused(Throwable thrown) {
    Objects.requireNonNull(thrown, "thrown");
    Verdict found = verdict();
    return found != null && CancelledException.find(thrown, found) != null;
  }

  // ---- descending ----

  /**
   * {@return a new source that is also cancelled when this token is} It is born cancelled if this
   * token is cancelled.
   */
  public CancellationSource child() {
    return new CancellationSource(descend(null));
  }

  /**
   * {@return a new source that is also cancelled when this token is}
   *
   * @param name what messages, paths and dumps call it
   */
  public CancellationSource child(String name) {
    Objects.requireNonNull(name, "name");
    return new CancellationSource(descend(name));
  }

  /**
   * {@return a new source that is also cancelled when this token is, or when {@code deadline}
   * passes}
   *
   * @param deadline if it has passed, the source is cancelled from the start; later than this
   *     token's has no effect
   */
  public CancellationSource childWithDeadline(Deadline deadline) {
    return limited(null, deadline);
  }

  /**
   * {@return a new source that is also cancelled when this token is, or when {@code deadline}
   * passes}
   *
   * @param name what messages, paths and dumps call it, and the owner of the deadline
   * @param deadline if it has passed, the source is cancelled from the start; later than this
   *     token's has no effect
   */
  public CancellationSource childWithDeadline(String name, Deadline deadline) {
    Objects.requireNonNull(name, "name");
    return limited(name, deadline);
  }

  /**
   * {@return a new source that is also cancelled when this token is, or when {@code timeout} has
   * passed from now}
   *
   * @param timeout zero cancels from the start; longer than 146 years means never
   * @throws IllegalArgumentException if the timeout is negative
   */
  public CancellationSource childWithTimeout(Duration timeout) {
    return limited(null, Deadline.after(timeout, time()));
  }

  /**
   * {@return a new source that is also cancelled when this token is, or when {@code timeout} has
   * passed from now}
   *
   * @param name what messages, paths and dumps call it, and the owner of the deadline
   * @param timeout zero cancels from the start; longer than 146 years means never
   * @throws IllegalArgumentException if the timeout is negative
   */
  public CancellationSource childWithTimeout(String name, Duration timeout) {
    Objects.requireNonNull(name, "name");
    return limited(name, Deadline.after(timeout, time()));
  }

  private CancellationSource limited(@Nullable String name, Deadline deadline) {
    Objects.requireNonNull(deadline, "deadline");
    CancellationToken child = descend(name);
    if (!deadline.isNone()) {
      child.arm(deadline, null, true);
    }
    return new CancellationSource(child);
  }

  private CancellationToken descend(@Nullable String name) {
    Stack.reserveForStep(); // so that there is room to close it, too
    return node == null ? root(name) : childOf(this, node, name);
  }

  private TimeSource time() {
    return node == null ? TimeSource.current() : node.time;
  }

  // ---- being told ----

  /**
   * Has {@code callback} run once when this token is cancelled, on the thread that cancels. If it
   * is cancelled already, {@code callback} runs now, before this method returns, and what it throws
   * leaves this method.
   *
   * @param callback should be quick and must not wait for the thread that cancels; what it throws
   *     reaches the caller of {@code cancel} in a {@link CancellationCallbackException}
   * @return the callback's membership; unregister or close it when the work it belongs to is done
   */
  public CancellationRegistration onCancel(Runnable callback) {
    return register(Objects.requireNonNull(callback, "callback"));
  }

  /**
   * Has {@code callback} performed once when this token is cancelled, as {@link
   * #onCancel(Runnable)} does, for one that throws: {@code statement::cancel}, say.
   *
   * @param callback should be quick and must not wait for the thread that cancels; what it throws
   *     is thrown as it is, also if it is checked
   * @return the callback's membership
   */
  public CancellationRegistration onCancel(Action<?> callback) {
    return register(Objects.requireNonNull(callback, "callback"));
  }

  /**
   * Has {@code callback} told the reason once when this token is cancelled, as {@link
   * #onCancel(Runnable)} does for one that does not ask.
   *
   * @param callback should be quick and must not wait for the thread that cancels
   * @return the callback's membership
   */
  public CancellationRegistration onCancel(Consumer<? super CancellationReason> callback) {
    Objects.requireNonNull(callback, "callback");
    return register(() -> callback.accept(given().reason));
  }

  /**
   * Has {@code callback} submitted to {@code executor} once when this token is cancelled; now, if
   * it is cancelled already.
   *
   * @param executor runs the callback; what the callback throws is the executor's to report. If it
   *     rejects the callback, that reaches the caller of {@code cancel}, or of this method. Use
   *     {@link Cancellation#dispatcher()} for a callback that may block
   * @param callback what to run
   * @return the callback's membership, which also covers the time between submission and the
   *     beginning of the run
   */
  public CancellationRegistration onCancel(Executor executor, Runnable callback) {
    Objects.requireNonNull(executor, "executor");
    return register(executor, Objects.requireNonNull(callback, "callback"));
  }

  /**
   * Has {@code callback} submitted to {@code executor} once when this token is cancelled, as {@link
   * #onCancel(Executor, Runnable)} does, for one that throws.
   *
   * @param executor runs the callback
   * @param callback what to do; what it throws is thrown as it is, also if it is checked
   * @return the callback's membership
   */
  public CancellationRegistration onCancel(Executor executor, Action<?> callback) {
    Objects.requireNonNull(executor, "executor");
    return register(executor, Objects.requireNonNull(callback, "callback"));
  }

  /**
   * Has {@code callback} submitted to {@code executor} once when this token is cancelled, and told
   * the reason, as {@link #onCancel(Executor, Runnable)} does for one that does not ask.
   *
   * @param executor runs the callback
   * @param callback what to tell
   * @return the callback's membership
   */
  public CancellationRegistration onCancel(
      Executor executor, Consumer<? super CancellationReason> callback) {
    Objects.requireNonNull(executor, "executor");
    Objects.requireNonNull(callback, "callback");
    return register(executor, () -> callback.accept(given().reason));
  }

  private CancellationRegistration register(Runnable callback) {
    return node == null
        ? CancellationRegistration.INERT
        : register(node, new CancellationRegistration(this, callback));
  }

  private CancellationRegistration register(Executor executor, Runnable callback) {
    return node == null
        ? CancellationRegistration.INERT
        : register(node, new CancellationRegistration(this, executor, callback));
  }

  private static CancellationRegistration register(
      Node node, CancellationRegistration registration) {
    Stack.reserveForStep(); // so that there is room to take it back, too
    Verdict found = node.add(registration);
    if (found != null) {
      if (!found.swept) {
        // Nobody's callback runs before the whole tree reports cancelled, not even this late one
        // (promises 3 and 7).
        new Sweep(found, Lineage.origin(node, found)).flag();
      }
      registration.begin();
      registration.run();
    }
    return registration;
  }

  // ---- waiting ----

  /**
   * Waits until this token is cancelled. Returns at once, and without a look at the interrupt, if
   * it is cancelled already.
   *
   * @return true
   * @throws InterruptedException if the thread was or is interrupted first; the token is as it was
   */
  public boolean await() throws InterruptedException {
    return await(Deadline.none());
  }

  /**
   * Waits until this token is cancelled or {@code timeout} has passed. Returns at once, and without
   * a look at the interrupt, if it is cancelled already.
   *
   * @param timeout zero only asks; longer than 146 years means for ever
   * @return whether it was cancelled
   * @throws IllegalArgumentException if the timeout is negative
   * @throws InterruptedException if the thread was or is interrupted first; the token is as it was
   */
  public boolean await(Duration timeout) throws InterruptedException {
    return await(Deadline.after(timeout, time()));
  }

  private boolean await(Deadline deadline) throws InterruptedException {
    awaitOr(() -> false, deadline);
    return isCancelled();
  }

  /**
   * Waits until this token is cancelled, {@code condition} holds, or {@code deadline} passes: what
   * other things that wait are built from. Returns at once, and without a look at the interrupt, if
   * the token is cancelled already or the condition holds.
   *
   * <p>Whoever makes the condition true must {@linkplain LockSupport#unpark unpark} this thread
   * afterwards. Does not tell which of the three it was: ask again.
   *
   * @param condition asked before the wait and each time the thread wakes; must be quick and must
   *     not park
   * @param deadline when to stop waiting
   * @throws InterruptedException if the thread was or is interrupted first; the token is as it was
   */
  public void awaitOr(BooleanSupplier condition, Deadline deadline) throws InterruptedException {
    Objects.requireNonNull(condition, "condition");
    Objects.requireNonNull(deadline, "deadline");
    if (isCancelled() || condition.getAsBoolean()) {
      return;
    }
    Waiter.await(this, condition, deadline);
    Verdict found = verdict();
    if (found != null) {
      Waiter.noticed(found);
    }
  }

  /**
   * {@return a stage that completes with the reason when this token is cancelled}
   *
   * <p>It is completed by a daemon thread of this library, never by the thread that cancels:
   * whatever hangs on it cannot slow down {@code cancel}. It cannot be completed from outside.
   * While this token is live, every call gives the same stage; actions that hang on it stay there,
   * and the token is kept by those above it, until it is cancelled: use {@link #onCancel(Runnable)}
   * for what must be taken back. On a token that is cancelled already, the stage is complete; on
   * {@link #none()}, it never will be, and each call gives one of its own.
   */
  public CompletionStage<CancellationReason> whenCancelled() {
    Verdict found = verdict();
    if (found != null) {
      return CompletableFuture.completedStage(found.reason);
    }
    if (node == null) {
      return new CompletableFuture<CancellationReason>().minimalCompletionStage();
    }
    @SuppressWarnings("unchecked")
    var known = (CompletionStage<CancellationReason>) STAGE.getAcquire(this);
    if (known != null) {
      return known;
    }
    Stack.reserveForStep();
    var future = new CompletableFuture<CancellationReason>();
    var made = future.minimalCompletionStage();
    // Registered first: a stage that others were given is one that completes.
    CancellationRegistration registration =
        onCancel(Lane.COMPLETIONS, () -> future.complete(given().reason));
    @SuppressWarnings("unchecked")
    var earlier = (CompletionStage<CancellationReason>) STAGE.compareAndExchange(this, null, made);
    if (earlier != null) {
      registration.unregister();
      return earlier;
    }
    return made;
  }

  /** {@return the name, whether live or cancelled and why, and the time left} */
  @Override
  public String toString() {
    return "CancellationToken[" + describe() + ']';
  }

  /** Name, state and time left, for this and for the source. */
  String describe() {
    if (node == null) {
      return "none";
    }
    var text = new StringBuilder();
    if (node.name != null) {
      text.append('"').append(node.name).append("\", ");
    }
    Verdict found = verdict();
    if (found != null) {
      CancellationReason why = found.reason;
      return text.append("cancelled, ")
          .append(why.kind())
          .append(": ")
          .append(why.message())
          .toString();
    }
    text.append("live");
    Deadline deadline = deadline();
    if (!deadline.isNone()) {
      text.append(", ").append(deadline.describeLeft());
    }
    return text.toString();
  }
}
