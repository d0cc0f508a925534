package dev.desist;

import dev.desist.internal.Foreign;
import java.lang.ref.Cleaner;
import java.lang.ref.ReferenceQueue;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of tokens that are unreachable: their nodes are freed, and they are reported, if
 * {@link Diagnostics#reportForgotten} was on when they were made. Nothing is ever cancelled here
 * (promise 14).
 *
 * <p>Whenever a node is made, those that the collector has found since are taken out of their
 * parents. Reports do not wait for that: they come from a {@link Cleaner}, which knows of a token
 * nothing but the {@link Trace}. That is made for what the user made, not for this library's own
 * links. No list is kept of either.
 */
final class Forgotten {
  static final ReferenceQueue<CancellationToken> QUEUE = new ReferenceQueue<>();

  /** Made by the first trace. Its thread ends when the class loader of this class is collected. */
  private static final class Watch {
    static final Cleaner CLEANER = Cleaner.create();

    private Watch() {}
  }

  /** Where a token was made; leads to no token, and to no node. */
  private static final class Trace implements Runnable {
    private final @Nullable String name;

    /** Null once the token is cancelled. Written by whoever cancels, read by the cleaner. */
    private volatile @Nullable Throwable created = new Throwable("created here");

    Trace(@Nullable String name) {
      this.name = name;
    }

    void end() {
      created = null;
    }

    /** The token is gone. */
    @Override
    public void run() {
      Throwable place = created;
      if (place != null) {
        Foreign.log(
            System.Logger.Level.WARNING,
            (name == null ? "an unnamed source" : "source \"" + name + '"')
                + " became unreachable without being closed; use try-with-resources where it is"
                + " made",
            place);
      }
      release();
    }
  }

  private static final class TracedNode extends Node {
    private final Trace trace;

    TracedNode(
        CancellationToken token,
        @Nullable Node parent,
        @Nullable String name,
        TimeSource time,
        Trace trace) {
      super(token, parent, name, time);
      this.trace = trace;
    }

    @Override
    void ended() {
      trace.end();
    }
  }

  private static final class TracedLinkedNode extends LinkedNode {
    private final Trace trace;

    TracedLinkedNode(CancellationToken token, List<Node> parents, TimeSource time, Trace trace) {
      super(token, parents, null, time);
      this.trace = trace;
    }

    @Override
    void ended() {
      trace.end();
    }
  }

  private Forgotten() {}

  /** The node behind {@code token}, traced if it is a child and forgotten ones are reported. */
  static Node node(
      CancellationToken token, @Nullable Node parent, @Nullable String name, TimeSource time) {
    Trace trace = parent == null ? null : trace(token, name);
    return trace == null
        ? new Node(token, parent, name, time)
        : new TracedNode(token, parent, name, time, trace);
  }

  /** The node behind {@code token}, traced if forgotten ones are reported. */
  static LinkedNode linkedNode(CancellationToken token, List<Node> parents, TimeSource time) {
    Trace trace = trace(token, null);
    return trace == null
        ? new LinkedNode(token, parents, null, time)
        : new TracedLinkedNode(token, parents, time, trace);
  }

  private static @Nullable Trace trace(CancellationToken token, @Nullable String name) {
    if (!Diagnostics.reportsForgotten() || Origin.isForOurselves()) {
      return null;
    }
    var trace = new Trace(name);
    Watch.CLEANER.register(token, trace);
    return trace;
  }

  /** Costs one volatile read when there is nothing to do. */
  static void release() {
    for (var found = QUEUE.poll(); found != null; found = QUEUE.poll()) {
      var node = (Node) found;
      if (node.isForgotten()) {
        node.disarm();
        node.detach();
      } // else it is cancelled, or has children, and goes with the last of them
    }
  }
}
