package dev.desist;

import java.io.Serializable;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Why something was cancelled, as data: the kind is the type, and every kind says in words what
 * happened and where it came from. All tokens of a cancelled tree give the same reason.
 *
 * <p>Reasons are made by the static factories, on the thread that cancels; each notes its {@link
 * Origin} then. They are values: two are equal if all they say is, also after one was sent to
 * another process and back. A message is one clause without a full stop, such as {@code "the user
 * pressed stop"}: it becomes part of a sentence.
 */
public sealed interface CancellationReason extends Serializable {
  /** {@return what happened, as one clause} */
  String message();

  /** {@return the thread and time at which this reason was made} */
  Origin origin();

  /** {@return the kind in words, such as "deadline exceeded"} */
  default String kind() {
    return getClass().getSimpleName().replaceAll("(?<!^)(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
  }

  /**
   * Somebody asked for it.
   *
   * @param message what happened
   * @param origin where it came from
   */
  record Requested(String message, Origin origin) implements CancellationReason {
    /** Checks that nothing is missing. */
    public Requested {
      check(message, origin);
    }
  }

  /**
   * The source was closed.
   *
   * @param message what happened
   * @param origin where it came from
   */
  record Closed(String message, Origin origin) implements CancellationReason {
    /** Checks that nothing is missing. */
    public Closed {
      check(message, origin);
    }
  }

  /**
   * A deadline passed.
   *
   * @param message what happened
   * @param origin where it came from
   * @param owner the name of the source whose deadline it was, or null if it has none
   * @param deadline the deadline
   */
  record DeadlineExceeded(String message, Origin origin, @Nullable String owner, Deadline deadline)
      implements CancellationReason {
    /** Checks that nothing is missing. */
    public DeadlineExceeded {
      check(message, origin);
      Objects.requireNonNull(deadline, "deadline");
    }
  }

  /**
   * A task of the same scope failed, so that the others are of no use.
   *
   * @param message what happened
   * @param origin where it came from
   */
  record SiblingFailed(String message, Origin origin) implements CancellationReason {
    /** Checks that nothing is missing. */
    public SiblingFailed {
      check(message, origin);
    }
  }

  /**
   * Another contestant was first.
   *
   * @param message what happened
   * @param origin where it came from
   */
  record RaceLost(String message, Origin origin) implements CancellationReason {
    /** Checks that nothing is missing. */
    public RaceLost {
      check(message, origin);
    }
  }

  /**
   * A newer request took its place.
   *
   * @param message what happened
   * @param origin where it came from
   */
  record Superseded(String message, Origin origin) implements CancellationReason {
    /** Checks that nothing is missing. */
    public Superseded {
      check(message, origin);
    }
  }

  /**
   * The process, or a part of it, is going down.
   *
   * @param message what happened
   * @param origin where it came from
   */
  record Shutdown(String message, Origin origin) implements CancellationReason {
    /** Checks that nothing is missing. */
    public Shutdown {
      check(message, origin);
    }
  }

  /**
   * Whoever wanted the result is gone.
   *
   * @param message what happened
   * @param origin where it came from
   */
  record Disconnected(String message, Origin origin) implements CancellationReason {
    /** Checks that nothing is missing. */
    public Disconnected {
      check(message, origin);
    }
  }

  /**
   * The thread that owned the work was interrupted by somebody else.
   *
   * @param message what happened
   * @param origin where it came from
   */
  record Interrupted(String message, Origin origin) implements CancellationReason {
    /** Checks that nothing is missing. */
    public Interrupted {
      check(message, origin);
    }
  }

  /**
   * It was cancelled on another machine.
   *
   * @param message what happened
   * @param origin where it came from
   * @param peer the machine or service, as this side names it
   */
  record Remote(String message, Origin origin, String peer) implements CancellationReason {
    /** Checks that nothing is missing. */
    public Remote {
      check(message, origin);
      Objects.requireNonNull(peer, "peer");
    }
  }

  /** {@return a reason for a cancellation that somebody asked for} */
  static CancellationReason requested() {
    return requested("cancellation was requested");
  }

  /**
   * {@return a reason for a cancellation that somebody asked for}
   *
   * @param message why, as one clause
   */
  static CancellationReason requested(String message) {
    return new Requested(message, Origin.here());
  }

  /** {@return the reason of a source that was closed} */
  static CancellationReason closed() {
    return closed("its source was closed");
  }

  /**
   * {@return the reason of something that was closed}
   *
   * @param message what was closed, as one clause
   */
  static CancellationReason closed(String message) {
    return new Closed(message, Origin.here());
  }

  /**
   * {@return the reason of something whose time is up}
   *
   * @param owner the name of the source whose deadline it was, or null
   * @param deadline the deadline that passed
   */
  static CancellationReason deadlineExceeded(@Nullable String owner, Deadline deadline) {
    Objects.requireNonNull(deadline, "deadline");
    String whose = owner == null ? "" : " of \"" + owner + '"';
    String message =
        deadline.isZero()
            ? "the deadline" + whose + " passed before it was set"
            : "the " + deadline.describeTimeout() + " deadline" + whose + " passed";
    Origin origin = Origin.here(deadline.time(), deadline.callSite());
    return new DeadlineExceeded(message, origin, owner, deadline);
  }

  /**
   * {@return the reason of a task whose sibling failed}
   *
   * @param message which one and how, as one clause
   */
  static CancellationReason siblingFailed(String message) {
    return new SiblingFailed(message, Origin.here());
  }

  /**
   * {@return the reason of a contestant that was not first}
   *
   * @param message who was, as one clause
   */
  static CancellationReason raceLost(String message) {
    return new RaceLost(message, Origin.here());
  }

  /**
   * {@return the reason of a request that a newer one replaced}
   *
   * @param message by what, as one clause
   */
  static CancellationReason superseded(String message) {
    return new Superseded(message, Origin.here());
  }

  /**
   * {@return the reason of work that ends with its process}
   *
   * @param message what is going down, as one clause
   */
  static CancellationReason shutdown(String message) {
    return new Shutdown(message, Origin.here());
  }

  /**
   * {@return the reason of work whose client is gone}
   *
   * @param message who is gone, as one clause
   */
  static CancellationReason disconnected(String message) {
    return new Disconnected(message, Origin.here());
  }

  /**
   * {@return the reason of work whose thread was interrupted}
   *
   * @param message what was interrupted, as one clause
   */
  static CancellationReason interrupted(String message) {
    return new Interrupted(message, Origin.here());
  }

  /**
   * {@return the reason of work that another machine cancelled}
   *
   * @param peer that machine or service
   * @param message why, as one clause
   */
  static CancellationReason remote(String peer, String message) {
    return new Remote(message, Origin.here(), peer);
  }

  private static void check(String message, Origin origin) {
    Objects.requireNonNull(message, "message");
    Objects.requireNonNull(origin, "origin");
  }
}
