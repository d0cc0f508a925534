package dev.desist.scope;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
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
  private static final Map<Fork<?>, Boolean> LISTED = new ConcurrentHashMap<>();

  private Leftovers() {}

  /** {@return what is listed now, each with its present stack, the longest deaf first} */
  public static List<Leftover> list() {
    return LISTED.entrySet().stream()
        .filter(entry -> !entry.getKey().isEnded()) // it may be on its way out
        .map(entry -> TaskScope.describe(entry.getKey(), entry.getValue()))
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

  static void enter(Fork<?> fork, boolean leftBehind) {
    LISTED.put(fork, leftBehind);
  }

  /** Whether it was listed as left behind. */
  static boolean remove(Fork<?> fork) {
    return Boolean.TRUE.equals(LISTED.remove(fork));
  }

  static void report(Leftover leftover) {
    log(System.Logger.Level.WARNING, leftover.toString());
    for (Consumer<? super Leftover> listener : LISTENERS) {
      try {
        listener.accept(leftover);
      } catch (Throwable e) { // an error too: the scope's wait goes on
        log(System.Logger.Level.ERROR, "a listener for leftovers failed: " + e);
      }
    }
  }

  static void log(System.Logger.Level level, String message) {
    try {
      LOG.log(level, message);
    } catch (Throwable e) {
      // A logger that fails must not fail the scope.
    }
  }
}
