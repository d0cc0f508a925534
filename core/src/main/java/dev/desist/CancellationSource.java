package dev.desist;

import dev.desist.internal.Foreign;
import dev.desist.internal.Lane;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/**
 * Owns the right to cancel: hands out one {@link CancellationToken}, and cancels it, once.
 *
 * {@snippet class="dev.desist.snippets.SourceSnippets" region="source"}
 *
 * <p>The first of these wins, and its reason stays: a call to one of the {@code cancel} methods,
 * {@link #close()}, the source's deadline, and the cancellation of a token that the source descends
 * from. Closing cancels, so a source in a try-with-resources statement leaves nothing running that
 * listens to it; a closed source and its token stay usable and report cancelled.
 *
 * <p>Close a child when its work is done: a parent that lives long then keeps nothing of it.
 *
 * <h2>Which thread runs what</h2>
 *
 * <p>{@code cancel} first marks every token below this source as cancelled, then wakes every thread
 * that waits, then runs the callbacks, all on the calling thread; so its cost grows with the size
 * of the tree, and it returns when all callbacks have run. When another call was first, it returns
 * at once, while that call may still be running callbacks. {@link #cancelAsync} leaves the
 * callbacks to a thread of this library.
 *
 * <h2>Thread safety and memory consistency effects</h2>
 *
 * <p>All methods may be called from any thread. See {@link CancellationToken} for what is visible
 * to whom.
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter. If callbacks
 * fail, {@code cancel} and {@code close} throw a {@link CancellationCallbackException} after all of
 * them have run.
 */
public final class CancellationSource implements AutoCloseable {
  private final CancellationToken token;

  CancellationSource(CancellationToken token) {
    this.token = token;
  }

  /** {@return a new source without parents} */
  public static CancellationSource create() {
    return new CancellationSource(CancellationToken.root(null));
  }

  /**
   * {@return a new source without parents}
   *
   * @param name what messages, paths and dumps call it
   */
  public static CancellationSource create(String name) {
    Objects.requireNonNull(name, "name");
    return new CancellationSource(CancellationToken.root(name));
  }

  /**
   * {@return a new source without parents that is cancelled when {@code timeout} has passed from
   * now}
   *
   * @param name what messages, paths and dumps call it, and the owner of the deadline
   * @param timeout zero cancels from the start; longer than 146 years means never
   * @throws IllegalArgumentException if the timeout is negative
   */
  public static CancellationSource create(String name, Duration timeout) {
    return CancellationToken.none().childWithTimeout(name, timeout);
  }

  /**
   * {@return a new source that is also cancelled by the first of {@code parents} that is}
   *
   * <p>If some are cancelled already, it is born cancelled with the reason of the first of these in
   * the order given. Repeated parents count once and {@link CancellationToken#none()} not at all:
   * of no parents it is a plain source, of one a child.
   *
   * @param parents any number of tokens
   */
  public static CancellationSource linkedTo(CancellationToken... parents) {
    Objects.requireNonNull(parents, "parents");
    var distinct = new LinkedHashSet<CancellationToken>();
    for (int i = 0; i < parents.length; i++) {
      if (parents[i] == null) {
        throw new NullPointerException("parents[" + i + "]");
      }
      if (parents[i].canBeCancelled()) {
        distinct.add(parents[i]);
      }
    }
    return switch (distinct.size()) {
      case 0 -> create();
      case 1 -> distinct.getFirst().child();
      default -> new CancellationSource(CancellationToken.linkedTo(List.copyOf(distinct)));
    };
  }

  /** {@return the token of this source} Always the same one. */
  public CancellationToken token() {
    return token;
  }

  /** {@return whether this source is cancelled, by whomever} */
  public boolean isCancelled() {
    return token.isCancelled();
  }

  /**
   * Cancels, with the reason "requested".
   *
   * @return whether this call did it
   * @throws CancellationCallbackException if callbacks failed
   */
  public boolean cancel() {
    return cancel("cancellation was requested");
  }

  /**
   * Cancels, with the reason "requested" and a message.
   *
   * @param message why, as one clause: "the user pressed stop"
   * @return whether this call did it
   * @throws CancellationCallbackException if callbacks failed
   */
  public boolean cancel(String message) {
    Objects.requireNonNull(message, "message");
    return !isCancelled() && cancel(new CancellationReason.Requested(message, origin()));
  }

  /**
   * Cancels.
   *
   * @param reason why
   * @return whether this call did it
   * @throws CancellationCallbackException if callbacks failed
   */
  public boolean cancel(CancellationReason reason) {
    Objects.requireNonNull(reason, "reason");
    try {
      return node().cancel(reason);
    } finally {
      Reference.reachabilityFence(this); // else it could be taken for forgotten meanwhile
    }
  }

  /**
   * Cancels without running callbacks on the calling thread: when this returns, every token below
   * reports cancelled and every waiting thread has been woken; the callbacks run on a daemon thread
   * of this library.
   *
   * @param reason why
   * @return completes when all callbacks have run, with whether this call cancelled; if callbacks
   *     failed, exceptionally with a {@link CancellationCallbackException}. If another call was
   *     first it is complete, and does not tell when that call's callbacks end
   */
  public CompletionStage<Boolean> cancelAsync(CancellationReason reason) {
    return cancelAsync(reason, Lane.CANCELLATIONS);
  }

  /**
   * Cancels as {@link #cancelAsync(CancellationReason)} does, and has the callbacks run on a thread
   * of the caller's choice.
   *
   * @param reason why
   * @param executor is given one task that runs all callbacks, unless there are none or another
   *     call was first. If it refuses, a thread of this library takes it, and that is logged
   * @return completes when all callbacks have run, with whether this call cancelled; if callbacks
   *     failed, exceptionally with a {@link CancellationCallbackException}. If another call was
   *     first it is complete, and does not tell when that call's callbacks end
   */
  public CompletionStage<Boolean> cancelAsync(CancellationReason reason, Executor executor) {
    Objects.requireNonNull(reason, "reason");
    Objects.requireNonNull(executor, "executor");
    var told = new CompletableFuture<Boolean>();
    Sweep sweep;
    try {
      sweep = node().begin(reason, null);
    } finally {
      Reference.reachabilityFence(this); // else it could be taken for forgotten meanwhile
    }
    if (sweep == null) {
      told.complete(false);
      return told;
    }
    sweep.told = told;
    sweep.prepare();
    if (!sweep.concernsUsers()) {
      sweep.run(); // which takes the tree apart
      return told;
    }
    try {
      executor.execute(sweep);
    } catch (Throwable refused) {
      if (!sweep.isClaimed()) {
        Lane.CANCELLATIONS.hand(sweep);
        Foreign.log(
            System.Logger.Level.DEBUG,
            "the executor of cancelAsync refused the callbacks, which run on a thread of ours now",
            refused);
      }
    }
    return told;
  }

  /**
   * Sets this source's own deadline to {@code timeout} from now, in place of an earlier one; it is
   * cancelled when that passes. Does nothing if it is cancelled already.
   *
   * @param timeout zero cancels now, on the calling thread; longer than 146 years, such as {@code
   *     ChronoUnit.FOREVER.getDuration()}, takes the deadline away
   * @throws IllegalArgumentException if the timeout is negative
   * @throws CancellationCallbackException if the timeout is zero and callbacks failed
   */
  public void cancelAfter(Duration timeout) {
    token.arm(Deadline.after(timeout, node().time), null, false);
  }

  /**
   * Sets this source's own deadline, as {@link #cancelAfter(Duration)} does, and what it is
   * cancelled for when that passes.
   *
   * @param timeout zero cancels now, on the calling thread; longer than 146 years takes the
   *     deadline away
   * @param reason why, in place of "deadline exceeded"
   * @throws IllegalArgumentException if the timeout is negative
   * @throws CancellationCallbackException if the timeout is zero and callbacks failed
   */
  public void cancelAfter(Duration timeout, CancellationReason reason) {
    Objects.requireNonNull(timeout, "timeout");
    Objects.requireNonNull(reason, "reason");
    token.arm(Deadline.after(timeout, node().time), reason, false);
  }

  /**
   * Cancels, with the reason "closed". Does nothing if this source is cancelled already.
   *
   * @throws CancellationCallbackException if callbacks failed
   */
  @Override
  public void close() {
    if (!isCancelled()) {
      cancel(new CancellationReason.Closed("its source was closed", origin()));
    }
  }

  private Origin origin() {
    return Origin.here(node().time);
  }

  private Node node() {
    return Objects.requireNonNull(token.node());
  }

  /** {@return the name, whether live or cancelled and why, and the time left} */
  @Override
  public String toString() {
    return "CancellationSource[" + token.describe() + ']';
  }
}
