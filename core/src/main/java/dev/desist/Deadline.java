package dev.desist;

import dev.desist.internal.Arguments;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A point in time at which work must be over, on a monotonic clock: setting the wall clock does not
 * move it. Immutable.
 *
 * <p>A deadline is made from a timeout or an instant once, at the edge where the request comes in,
 * and then passed on or inherited through tokens; everybody below sees the time that is left.
 *
 * <h2>Serialization</h2>
 *
 * <p>Read in the process that wrote it, a deadline is the same point on the same clock, and equal
 * to the one that was written. Read in another, where that clock means nothing, it is as far away
 * as it was when it was written, on the {@linkplain TimeSource#current() time source in use} where
 * it is read: the time on the way is given on top. It is then equal to every other copy of the same
 * deadline there, and to the original when it comes home. {@link #none()} stays what it is.
 */
public final class Deadline implements Serializable {
  private static final long serialVersionUID = 1;

  private static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();

  /** Beyond this, differences of two readings of a nanosecond clock lose their sign: 146 years. */
  private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE / 2);

  private static final Deadline NONE = new Deadline(TimeSource.system(), 0, 0, null, null);

  private final transient TimeSource time;

  /** The clock when this was made, in nanoseconds. */
  private final long madeAt;

  /** The clock when this passes, in nanoseconds. */
  private final long nanoTime;

  /** What it is a copy of, if it came from another process. */
  private final transient @Nullable Original original;

  /** The line of code that made it, if those are recorded. */
  private final transient @Nullable StackTraceElement callSite;

  private Deadline(
      TimeSource time,
      long madeAt,
      long nanoTime,
      @Nullable Original original,
      @Nullable StackTraceElement callSite) {
    this.time = time;
    this.madeAt = madeAt;
    this.nanoTime = nanoTime;
    this.original = original;
    this.callSite = callSite;
  }

  /**
   * {@return the deadline that is {@code timeout} from now, by the {@linkplain TimeSource#current()
   * time source in use}}
   *
   * @param timeout zero has passed already; longer than 146 years is {@link #none()}
   * @throws IllegalArgumentException if the timeout is negative
   */
  public static Deadline after(Duration timeout) {
    return after(timeout, TimeSource.current());
  }

  static Deadline after(Duration timeout, TimeSource time) {
    Arguments.notNegative(timeout, "timeout");
    if (timeout.compareTo(LONGEST) > 0) {
      return NONE;
    }
    long now = time.nanoTime();
    return new Deadline(time, now, now + timeout.toNanos(), null, Origin.findCallSite());
  }

  /**
   * {@return the deadline at {@code instant}, turned into monotonic time now}
   *
   * <p>Setting the wall clock later does not move it. An instant in the past gives a deadline that
   * has passed.
   *
   * @param instant by the wall clock of the {@linkplain TimeSource#current() time source in use}
   */
  public static Deadline at(Instant instant) {
    Objects.requireNonNull(instant, "instant");
    TimeSource time = TimeSource.current();
    Instant now = time.instant();
    return after(instant.isBefore(now) ? Duration.ZERO : Duration.between(now, instant), time);
  }

  /** {@return the deadline that never passes} */
  public static Deadline none() {
    return NONE;
  }

  /**
   * {@return whichever of the two passes first, or has} If both pass at once, {@code a}.
   *
   * <p>If they are on different clocks, whichever leaves less time now; {@code a} if both leave the
   * same, as two do that have passed.
   *
   * @param a one
   * @param b the other
   */
  public static Deadline earliest(Deadline a, Deadline b) {
    Objects.requireNonNull(a, "a");
    Objects.requireNonNull(b, "b");
    if (a.isNone() || b.isNone()) {
      return a.isNone() ? b : a;
    }
    if (a.time == b.time) {
      return b.nanoTime - a.nanoTime < 0 ? b : a;
    }
    return b.remaining().compareTo(a.remaining()) < 0 ? b : a;
  }

  /** {@return whether this is {@link #none()}} */
  public boolean isNone() {
    return this == NONE;
  }

  /** {@return whether the time is up} */
  public boolean isPassed() {
    return !isNone() && time.nanoTime() - nanoTime >= 0;
  }

  /**
   * {@return the time left: never negative, zero once passed, and {@code
   * ChronoUnit.FOREVER.getDuration()} for {@link #none()}}
   */
  public Duration remaining() {
    return isNone() ? FOREVER : Duration.ofNanos(Math.max(0, nanoTime - time.nanoTime()));
  }

  /** Whether it had passed when it was made. */
  boolean isZero() {
    return !isNone() && nanoTime == madeAt;
  }

  TimeSource time() {
    return time;
  }

  long nanoTime() {
    return nanoTime;
  }

  @Nullable StackTraceElement callSite() {
    return callSite;
  }

  /** The timeout this deadline was made from, as a person would say it. */
  String describeTimeout() {
    return isNone() ? "endless" : text(Duration.ofNanos(nanoTime - madeAt));
  }

  /** Three digits that matter and a unit: "250 ms", "1.5 s", "2 h 5 min". */
  static String text(Duration duration) {
    double nanos = duration.toNanos();
    if (nanos < 999.5e3) {
      return number(nanos / 1e3) + " µs";
    }
    if (nanos < 999.5e6) {
      return number(nanos / 1e6) + " ms";
    }
    if (nanos < 59.95e9) {
      return number(nanos / 1e9) + " s";
    }
    Duration rounded = duration.plusMillis(500);
    if (rounded.toHours() == 0) {
      return rounded.toMinutes() + " min" + rest(rounded.toSecondsPart(), " s");
    }
    if (rounded.toDays() == 0) {
      return rounded.toHours() + " h" + rest(rounded.toMinutesPart(), " min");
    }
    return rounded.toDays() + " d" + rest(rounded.toHoursPart(), " h");
  }

  /** By hand, since every deadline that passes says what it was, and a million may at once. */
  private static String number(double value) {
    int places = value < 10 ? 2 : value < 100 ? 1 : 0;
    long scale = places == 2 ? 100 : places == 1 ? 10 : 1;
    long scaled = Math.round(value * scale);
    for (; places > 0 && scaled % 10 == 0; places--) {
      scaled /= 10;
      scale /= 10;
    }
    String whole = Long.toString(scaled / scale);
    if (places == 0) {
      return whole;
    }
    long rest = scaled % scale;
    return whole + (places == 2 && rest < 10 ? ".0" : ".") + rest;
  }

  private static String rest(int value, String unit) {
    return value == 0 ? "" : " " + value + unit;
  }

  /**
   * {@return whether {@code other} is the same point on the same clock} Copies from other processes
   * are if their originals were.
   */
  @Override
  public boolean equals(Object other) {
    return this == other
        || (other instanceof Deadline that
            && !isNone()
            && !that.isNone()
            && (original != null
                ? original.equals(that.original)
                : that.original == null && time == that.time && nanoTime == that.nanoTime));
  }

  @Override
  public int hashCode() {
    return original != null ? original.hashCode() : Long.hashCode(nanoTime);
  }

  @Override
  public String toString() {
    if (isNone()) {
      return "Deadline[none]";
    }
    return "Deadline[" + describeLeft() + ']';
  }

  /** How far away it is, as a person would say it; cannot fail. */
  String describeLeft() {
    if (isNone()) {
      return "no end";
    }
    long left;
    try {
      left = nanoTime - time.nanoTime();
    } catch (RuntimeException e) { // a clock of somebody else's
      return describeTimeout() + " from when it was set";
    }
    return text(Duration.ofNanos(Math.abs(left))) + (left > 0 ? " left" : " ago");
  }

  // ---- on the way to other processes ----

  /** The clocks of this process that deadlines were written for, but for the system's. */
  private static final class Clocks {
    static final UUID PROCESS = UUID.randomUUID();

    private static final long SYSTEM = 0;
    private static final List<Numbered> OTHERS = new ArrayList<>();
    private static long last = SYSTEM;

    private static final class Numbered extends WeakReference<TimeSource> {
      final long number;

      Numbered(TimeSource time, long number) {
        super(time);
        this.number = number;
      }
    }

    private Clocks() {}

    static long numberOf(TimeSource time) {
      if (time == TimeSource.system()) {
        return SYSTEM;
      }
      synchronized (OTHERS) {
        OTHERS.removeIf(other -> other.refersTo(null));
        for (Numbered other : OTHERS) {
          if (other.refersTo(time)) {
            return other.number;
          }
        }
        OTHERS.add(new Numbered(time, ++last));
        return last;
      }
    }

    /** The clock of that number; null if nobody has it any more. */
    static @Nullable TimeSource withNumber(long number) {
      if (number == SYSTEM) {
        return TimeSource.system();
      }
      synchronized (OTHERS) {
        for (Numbered other : OTHERS) {
          if (other.number == number) {
            return other.get();
          }
        }
        return null;
      }
    }
  }

  /**
   * What a deadline is in all processes.
   *
   * @param process where its clock is
   * @param clock the number of the clock there
   * @param nanoTime the reading of the clock when it passes
   */
  private record Original(UUID process, long clock, long nanoTime) implements Serializable {
    Original {
      Objects.requireNonNull(process, "process");
    }
  }

  /**
   * A deadline as it is written.
   *
   * @param original which one
   * @param timeout what it was made from, in nanoseconds
   * @param left the time left when it was written, in nanoseconds
   */
  private record Written(Original original, long timeout, long left) implements Serializable {
    Written {
      Objects.requireNonNull(original, "original");
      Arguments.notNegative(timeout, "timeout");
      Arguments.notNegative(left, "left");
    }

    /**
     * The same where its clock is, else what is as far away.
     *
     * @return the deadline
     */
    private Object readResolve() {
      if (original.process.equals(Clocks.PROCESS)) {
        TimeSource time = Clocks.withNumber(original.clock);
        if (time != null) {
          long nanoTime = original.nanoTime;
          return new Deadline(time, nanoTime - timeout, nanoTime, null, null);
        }
      }
      TimeSource here = TimeSource.current();
      long nanoTime = here.nanoTime() + left;
      return new Deadline(here, nanoTime - timeout, nanoTime, original, null);
    }
  }

  /**
   * The deadline that never passes, as it is written.
   *
   * @param version for what is to come
   */
  private record Never(int version) implements Serializable {
    /**
     * The one of this process.
     *
     * @return the deadline
     */
    private Object readResolve() {
      return NONE;
    }
  }

  /**
   * Replaces this by what another process can make something of.
   *
   * @return what is written
   */
  private Object writeReplace() {
    if (isNone()) {
      return new Never(1);
    }
    var which =
        original != null ? original : new Original(Clocks.PROCESS, Clocks.numberOf(time), nanoTime);
    return new Written(which, nanoTime - madeAt, remaining().toNanos());
  }

  /**
   * Refuses what does not come from {@link #writeReplace}.
   *
   * @param in read from
   * @throws InvalidObjectException always
   */
  private void readObject(ObjectInputStream in) throws InvalidObjectException {
    throw new InvalidObjectException("a Deadline is written as what replaces it");
  }
}
