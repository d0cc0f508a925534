package dev.desist;

import java.io.Serializable;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;

/**
 * A point in time at which work must be over, on a monotonic clock: setting the wall clock does not
 * move it. Immutable.
 *
 * <p>A deadline is made from a timeout or an instant once, at the edge where the request comes in,
 * and then passed on or inherited through tokens; everybody below sees the time that is left.
 */
public final class Deadline implements Serializable {
  private static final long serialVersionUID = 1;

  private static final Duration FOREVER = ChronoUnit.FOREVER.getDuration();

  /** Beyond this, differences of two readings of a nanosecond clock lose their sign: 146 years. */
  private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE / 2);

  private static final Deadline NONE = new Deadline(TimeSource.system(), 0, 0);

  private final transient TimeSource time;
  private final long madeAt;
  private final long nanoTime;

  private Deadline(TimeSource time, long madeAt, long nanoTime) {
    this.time = time;
    this.madeAt = madeAt;
    this.nanoTime = nanoTime;
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
    requireTimeout(timeout);
    if (timeout.compareTo(LONGEST) > 0) {
      return NONE;
    }
    long now = time.nanoTime();
    return new Deadline(time, now, now + timeout.toNanos());
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
   * {@return whichever of the two leaves less time}
   *
   * <p>If both leave the same, the first.
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

  /** The timeout this deadline was made from, as a person would say it. */
  String describeTimeout() {
    return isNone() ? "endless" : text(Duration.ofNanos(nanoTime - madeAt));
  }

  static Duration requireTimeout(Duration timeout) {
    Objects.requireNonNull(timeout, "timeout");
    if (timeout.isNegative()) {
      throw new IllegalArgumentException("timeout must not be negative: " + timeout);
    }
    return timeout;
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

  private static String number(double value) {
    String digits =
        String.format(
            java.util.Locale.ROOT, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
    return digits.contains(".") ? digits.replaceAll("\\.?0+$", "") : digits;
  }

  private static String rest(int value, String unit) {
    return value == 0 ? "" : " " + value + unit;
  }

  /** {@return whether {@code other} is the same point on the same clock} */
  @Override
  public boolean equals(Object other) {
    return this == other
        || (other instanceof Deadline that
            && !isNone()
            && !that.isNone()
            && time == that.time
            && nanoTime == that.nanoTime);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(nanoTime);
  }

  @Override
  public String toString() {
    if (isNone()) {
      return "Deadline[none]";
    }
    long left = nanoTime - time.nanoTime();
    return "Deadline[" + text(Duration.ofNanos(Math.abs(left))) + (left > 0 ? " left]" : " ago]");
  }

  /** What another machine can make of a deadline: the time that was left. */
  private record Left(Duration remaining) implements Serializable {
    private Object readResolve() {
      return after(remaining);
    }
  }

  private Object writeReplace() {
    return new Left(remaining());
  }
}
