package dev.desist.scope;

import dev.desist.internal.Foreign;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/**
 * The tasks of this process that were cancelled and have outlived their {@link Grace}: those that
 * were left behind, and those whose scope still waits. A task is listed until it ends.
 *
 * <p>Each is also logged when its time was up, as a warning of the {@link System.Logger} named
 * {@code dev.desist}; again, if it is left behind later than that; and, if it was left behind, when
 * it ends, as information.
 */
public final class Leftovers {
  private static final System.Logger LOG = System.getLogger("dev.desist");
  private static final List<Consumer<? super Leftover>> LISTENERS = new CopyOnWriteArrayList<>();

  /**
   * What is listed, and whether it was left behind. Entered under the scope's lock while the
   * subtask is in the scope's list, and taken out after it has left that: so none stays.
   */
  private static final Map<Fork<?>, Listing> LISTED = new ConcurrentHashMap<>();

  /**
   * How it is listed.
   *
   * @param leftBehind whether its scope has returned without it
   * @param reported whether it was, with its stack or without
   */
  private record Listing(boolean leftBehind, boolean reported) {}

  private Leftovers() {}

  /** {@return what is listed now, each with its present stack, the longest deaf first} */
  public static List<Leftover> list() {
    return LISTED.entrySet().stream()
        .filter(entry -> !entry.getKey().isEnded()) // it may be on its way out
        .map(entry -> TaskScope.describe(entry.getKey(), entry.getValue().leftBehind))
        .sorted(Comparator.comparing(Leftover::deafFor).reversed())
        .toList();
  }

  /**
   * Has {@code listener} called for each task that is reported from now on, on the thread that owns
   * the scope, which waits meanwhile; what it throws is logged.
   *
   * @param listener is told
   * @return ends it when closed
   */
  public static Registration onReport(Consumer<? super Leftover> listener) {
    Objects.requireNonNull(listener, "listener");
    Consumer<Leftover> mine = listener::accept; // the same listener may be given twice
    LISTENERS.add(mine);
    return () -> LISTENERS.remove(mine);
  }

  /** A listener's membership. */
  @FunctionalInterface
  public interface Registration extends AutoCloseable {
    /** Ends it. A call that is under way is not waited for. */
    @Override
    void close();
  }

  // ---- for the scope ----

  /** Refuses a task of which too many have been left behind, and go on. */
  static void checkLimit(Fork<?> fork, Grace grace) {
    if (grace.leaving() == null || LISTED.isEmpty()) {
      return;
    }
    String key = fork.key();
    int goOn = 0;
    for (Map.Entry<Fork<?>, Listing> entry : LISTED.entrySet()) {
      if (entry.getValue().leftBehind
          && !entry.getKey().isEnded()
          && entry.getKey().key().equals(key)) {
        goOn++;
      }
    }
    if (goOn >= grace.limit()) {
      throw new RejectedExecutionException(
          "at most "
              + grace.limit()
              + " tasks named "
              + key
              + " may be left behind and go on at a time: "
              + goOn
              + " do");
    }
  }

  static void enter(Fork<?> fork, boolean leftBehind) {
    LISTED.merge(
        fork, new Listing(leftBehind, false), (old, now) -> new Listing(leftBehind, old.reported));
  }

  /** Whether it was listed as left behind. */
  static boolean remove(Fork<?> fork) {
    Listing listing = LISTED.remove(fork);
    return listing != null && listing.leftBehind;
  }

  /**
   * Reports a task, unless it has ended meanwhile. The stack is logged for the first of its name
   * alone, as long as one of these goes on; who wants all of them has {@link #list} and a listener.
   */
  static void report(Fork<?> fork, boolean leftBehind) {
    Leftover leftover = TaskScope.describe(fork, leftBehind);
    if (fork.isEnded()) {
      return;
    }
    boolean first =
        LISTED.entrySet().stream()
            .noneMatch(
                other ->
                    other.getKey() != fork
                        && other.getValue().reported
                        && other.getKey().key().equals(fork.key()));
    LISTED.computeIfPresent(fork, (_, old) -> new Listing(old.leftBehind, true));
    log(System.Logger.Level.WARNING, first ? leftover.toString() : leftover.sentence());
    for (Consumer<? super Leftover> listener : LISTENERS) {
      try {
        listener.accept(leftover);
      } catch (Throwable e) { // an error too: the scope's wait goes on
        log(System.Logger.Level.ERROR, "a listener for leftovers failed: " + Foreign.describe(e));
      }
    }
  }

  static void log(System.Logger.Level level, String message) {
    Foreign.log(LOG, level, message);
  }
}
