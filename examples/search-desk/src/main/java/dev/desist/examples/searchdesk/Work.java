package dev.desist.examples.searchdesk;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.concurrent.Futures;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A node of the tree that the page shows: server, session, request, statement. Each has a source of
 * its own, a child of the token above, and notes how it ended. When and why it was cancelled is in
 * the reason of its token.
 *
 * <p>One lock guards the notes of the whole tree, so that a picture of it is of one moment. Nothing
 * is cancelled while it is held.
 */
final class Work {
  /** How many ended nodes are kept for the picture: below the server, and below each session. */
  private static final int KEPT_BELOW_ROOT = 4;

  private static final int KEPT = 14;

  /** Where a node stands. {@code STOPPING} is cancelled, and not yet stopped. */
  enum State {
    WAITING,
    RUNNING,
    STOPPING,
    COMPLETE,
    CANCELLED,
    FAILED;

    boolean isEnd() {
      return compareTo(COMPLETE) >= 0;
    }

    private static State of(@Nullable Throwable failure) {
      return switch (failure) {
        case null -> COMPLETE;
        case CancelledException _ -> CANCELLED;
        default -> FAILED;
      };
    }
  }

  private final ReentrantLock tree;
  private final Optional<Work> parent;
  private final String name;
  private final String label;
  private final CancellationSource source;
  private final int depth;
  private final CompletableFuture<@Nullable Void> over = new CompletableFuture<>();

  // All below: guarded by tree.
  private final List<Work> children = new ArrayList<>();
  private State state = State.WAITING;
  private Optional<CancellationReason> reason = Optional.empty();
  private final long createdAt = System.nanoTime();
  private Duration stopTime = Duration.ZERO;
  private long endedAt;

  private Work(
      ReentrantLock tree,
      Optional<Work> parent,
      String name,
      String label,
      CancellationSource source) {
    this.tree = tree;
    this.parent = parent;
    this.name = name;
    this.label = label;
    this.source = source;
    this.depth = parent.map(above -> above.depth + 1).orElse(0);
  }

  /** {@return the root of a new tree} */
  static Work root(String name) {
    return new Work(
        new ReentrantLock(), Optional.empty(), name, "", CancellationSource.create(name));
  }

  /**
   * {@return a new node below this one, waiting}
   *
   * @param name what it is, as reasons and paths name it
   * @param label what it is about, for the page; may be empty
   */
  Work child(String name, String label) {
    var child = new Work(tree, Optional.of(this), name, label, token().child(name));
    tree.lock();
    try {
      children.add(child);
    } finally {
      tree.unlock();
    }
    return child;
  }

  String name() {
    return name;
  }

  CancellationToken token() {
    return source.token();
  }

  /** {@return whether this call cancelled it} */
  boolean cancel(CancellationReason why) {
    return source.cancel(why);
  }

  void cancelAfter(Duration timeout) {
    source.cancelAfter(timeout);
  }

  /**
   * Has a task called under the token of this node, and notes when it starts and how it ends. If
   * this node is cancelled before, the task never starts, and that is its end.
   *
   * @param afterwards is given the value or the failure, without wrappers, once it is noted; must
   *     not block
   */
  <T> void run(Executor executor, Callable<T> task, BiConsumer<T, @Nullable Throwable> afterwards) {
    var _ =
        Futures.<T>submit(
                token(),
                executor,
                () -> {
                  start();
                  return task.call();
                })
            .whenComplete(
                (value, thrown) -> {
                  Throwable failure = thrown == null ? null : CancelledException.unwrap(thrown);
                  end(State.of(failure));
                  afterwards.accept(value, failure);
                })
            .whenComplete((_, _) -> over.complete(null));
  }

  /** {@return done once all of these are} */
  static CompletableFuture<?> allOver(List<Work> works) {
    return CompletableFuture.allOf(
        works.stream().map(work -> work.over).toArray(CompletableFuture<?>[]::new));
  }

  boolean isGoingOn() {
    return !over.isDone();
  }

  /** {@return done once what {@link #run} was given has ended, and whoever was to know was told} */
  CompletableFuture<?> over() {
    return over;
  }

  void start() {
    tree.lock();
    try {
      if (state == State.WAITING) {
        state = State.RUNNING;
      }
    } finally {
      tree.unlock();
    }
  }

  /** Notes that it has stopped, and how; only the first call counts. */
  void end(State how) {
    tree.lock();
    try {
      if (state.isEnd()) {
        return;
      }
      state = how;
      endedAt = System.nanoTime();
      // Taken here, for the source is closed below. Completion beats a cancellation that came late.
      reason = how == State.CANCELLED ? token().reason() : Optional.empty();
      stopTime = reason.map(Work::since).orElse(Duration.ZERO);
      parent.ifPresent(Work::forgetOldest);
    } finally {
      tree.unlock();
    }
    // Lets go of the parent's token.
    source.close();
  }

  private void forgetOldest() {
    int kept = depth == 0 ? KEPT_BELOW_ROOT : KEPT;
    long ended = children.stream().filter(child -> child.state.isEnd()).count();
    for (int i = 0; ended > kept && i < children.size(); i++) {
      if (children.get(i).state.isEnd()) {
        children.remove(i--);
        ended--;
      }
    }
  }

  /** {@return a picture of this node and all below it} */
  JsonObject toJson() {
    tree.lock();
    try {
      boolean ended = state.isEnd();
      Optional<CancellationReason> why = ended ? reason : token().reason();
      State shown = !ended && why.isPresent() ? State.STOPPING : state;
      var json =
          new JsonObject()
              .put("name", name)
              .put("label", label)
              .put("state", shown.name().toLowerCase(Locale.ROOT));
      // The age of a server or of a page is of no interest, and would change all the time.
      if (depth > 1) {
        json.put("millis", millis((ended ? endedAt : System.nanoTime()) - createdAt));
      }
      why.ifPresent(
          present ->
              json.put("reason", present.kind())
                  .put("message", present.message())
                  .put("origin", present.origin().toString())
                  .put("stopMillis", millis((ended ? stopTime : since(present)).toNanos())));
      var below = new JsonArray();
      children.forEach(child -> below.add(child.toJson()));
      return json.put("children", below);
    } finally {
      tree.unlock();
    }
  }

  private static Duration since(CancellationReason why) {
    Duration passed = Duration.between(why.origin().time(), Instant.now());
    return passed.isNegative() ? Duration.ZERO : passed;
  }

  private static double millis(long nanos) {
    return Math.round(nanos / 1e4) / 100.0;
  }
}
