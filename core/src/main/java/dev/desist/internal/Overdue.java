package dev.desist.internal;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The work of this process that was cancelled and goes on though its time is up. It is listed until
 * it ends, and reported once: logged, and told to listeners.
 */
public final class Overdue {
  private static final List<Consumer<Object>> LISTENERS = new CopyOnWriteArrayList<>();
  private static final Map<Work, Listing> LISTED = new ConcurrentHashMap<>();
  private static volatile Duration patience = Duration.ofSeconds(10);

  private Overdue() {}

  /** Work that can be listed. Compared by identity. */
  public interface Work {
    /** {@return what those share that count as the same: the stack is logged of one alone} */
    String key();

    /** {@return whether it has ended; for good} */
    boolean isEnded();

    /**
     * {@return what it is doing now}
     *
     * @param leftBehind whether others have gone on without it
     */
    Sight look(boolean leftBehind);
  }

  /**
   * Work as it was seen.
   *
   * @param leftover the public record of it, whose words have the stack
   * @param sentence the words without
   */
  public record Sight(Object leftover, String sentence) {}

  /**
   * How it is listed.
   *
   * @param leftBehind whether others have gone on without it
   * @param reported whether it was, with its stack or without
   */
  private record Listing(boolean leftBehind, boolean reported) {}

  /**
   * {@return how long ago {@code begin} was; zero if the clock fails, or went back}
   *
   * @param begin when it began
   * @param clock gives the time
   */
  public static Duration since(Instant begin, Supplier<Instant> clock) {
    try {
      Duration since = Duration.between(begin, clock.get());
      return since.isNegative() ? Duration.ZERO : since;
    } catch (Throwable e) { // it is a stranger's
      return Duration.ZERO;
    }
  }

  /** {@return how long work may go on that has nobody to wait for it, and to say so} */
  public static Duration patience() {
    return patience;
  }

  /**
   * Sets the patience, for what is cancelled from now on.
   *
   * @param duration how long
   */
  public static void patience(Duration duration) {
    patience = duration;
  }

  /** {@return what is listed and goes on, as it is now} */
  public static List<Object> list() {
    return LISTED.entrySet().stream()
        .filter(entry -> !entry.getKey().isEnded()) // it may be on its way out
        .map(entry -> entry.getKey().look(entry.getValue().leftBehind).leftover())
        .toList();
  }

  /**
   * Has {@code listener} called for what is reported from now on, by the thread that reports.
   *
   * @param listener is given the public record; what it throws is logged
   * @return ends it
   */
  public static Runnable onReport(Consumer<Object> listener) {
    LISTENERS.add(listener);
    return () -> LISTENERS.remove(listener);
  }

  /**
   * {@return how many with the same key were left behind and go on}
   *
   * @param work one of them, or one that may become one
   */
  public static int leftLike(Work work) {
    int goOn = 0;
    if (!LISTED.isEmpty()) {
      String key = work.key();
      for (Map.Entry<Work, Listing> entry : LISTED.entrySet()) {
        Work other = entry.getKey();
        if (entry.getValue().leftBehind && !other.isEnded() && other.key().equals(key)) {
          goOn++;
        }
      }
    }
    return goOn;
  }

  /**
   * Lists {@code work}. Whoever does has to see to it that it is {@linkplain #remove removed}: by
   * its end, if that comes after, or else by himself.
   *
   * @param work has been cancelled
   * @param leftBehind whether others go on without it
   */
  public static void enter(Work work, boolean leftBehind) {
    LISTED.merge(
        work, new Listing(leftBehind, false), (old, _) -> new Listing(leftBehind, old.reported));
  }

  /**
   * Takes {@code work} out.
   *
   * @param work has ended
   * @return whether it was listed as left behind
   */
  public static boolean remove(Work work) {
    Listing listing = LISTED.remove(work);
    return listing != null && listing.leftBehind;
  }

  /**
   * Logs that {@code work}, which was listed as left behind, has ended.
   *
   * @param work is described by {@code toString}
   */
  public static void noteEnd(Work work) {
    Foreign.log(System.Logger.Level.INFO, "left behind, and ended at last: " + work);
  }

  /**
   * Reports {@code work}, unless it has ended meanwhile (promise 25). The stack is logged for the
   * first of its key alone, as long as one of these goes on; whoever wants all of them has the list
   * and a listener.
   *
   * @param work is listed
   * @param leftBehind whether others go on without it
   */
  public static void report(Work work, boolean leftBehind) {
    Sight sight = work.look(leftBehind);
    if (work.isEnded()) {
      return;
    }
    boolean first =
        LISTED.entrySet().stream()
            .noneMatch(
                other ->
                    other.getKey() != work
                        && other.getValue().reported
                        && other.getKey().key().equals(work.key()));
    LISTED.computeIfPresent(work, (_, old) -> new Listing(old.leftBehind, true));
    Foreign.log(
        System.Logger.Level.WARNING, first ? sight.leftover().toString() : sight.sentence());
    for (Consumer<Object> listener : LISTENERS) {
      try {
        listener.accept(sight.leftover());
      } catch (Throwable e) { // an error too: others wait for what comes after it
        Foreign.log(
            System.Logger.Level.ERROR, "a listener for leftovers failed: " + Foreign.describe(e));
      }
    }
  }
}
