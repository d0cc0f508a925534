package dev.desist.support;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import java.io.IOException;
import java.lang.reflect.UndeclaredThrowableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;

/** What code of others may throw, and a walk over all of it. */
@SuppressWarnings({
  "serial",
  "OverrideThrowableToString",
  "DoNotCallSuggester",
  "ThrowableEqualsHashCode",
  "UnsynchronizedOverridesSynchronized"
}) // these are to be as bad as can be
public final class ForeignCode {
  private ForeignCode() {}

  private static final class NoMessage extends RuntimeException {
    @Override
    public String getMessage() {
      throw new NullPointerException("the message");
    }
  }

  private static final class Evil extends RuntimeException {
    @Override
    public String getMessage() {
      throw new Evil();
    }

    @Override
    public Throwable getCause() {
      throw new Evil();
    }

    @Override
    public String toString() {
      throw new Evil();
    }

    @Override
    public boolean equals(@Nullable Object other) {
      throw new Evil();
    }

    @Override
    public int hashCode() {
      throw new Evil();
    }
  }

  private static final class EvilChecked extends Exception {
    @Override
    public String toString() {
      throw new Evil();
    }
  }

  private static final class EvilIo extends IOException {
    @Override
    public String toString() {
      throw new Evil();
    }
  }

  private static final class Endless extends RuntimeException {
    @Override
    public String toString() {
      return describe(this);
    }
  }

  private static String describe(Throwable thrown) {
    return thrown.toString() + '.'; // and so on
  }

  private static final class Mute extends RuntimeException {
    @Override
    @SuppressWarnings({"NullAway", "ToStringReturnsNull"}) // that is what it is about
    public @Nullable String toString() {
      return null;
    }
  }

  private static final class OwnCause extends RuntimeException {
    @Override
    public Throwable getCause() {
      return this;
    }
  }

  /** As what once ended threads. */
  private static final class Death extends Error {
    @Override
    public String toString() {
      throw new Death();
    }
  }

  private static Throwable circle() {
    var one = new RuntimeException("one");
    var two = new RuntimeException("two", one);
    one.initCause(two);
    return two;
  }

  private static Throwable strangers() {
    var other = CancellationSource.create("other");
    other.cancel("not yours");
    return new CancelledException(other.token());
  }

  /** Makes them, by name. */
  public static final Map<String, Supplier<Throwable>> THROWN = thrown();

  private static Map<String, Supplier<Throwable>> thrown() {
    var thrown = new LinkedHashMap<String, Supplier<Throwable>>();
    thrown.put("a plain exception", () -> new IllegalStateException("own"));
    thrown.put("one without a message to be had", NoMessage::new);
    thrown.put("one that throws itself whatever is asked", Evil::new);
    thrown.put("a checked one that cannot speak", EvilChecked::new);
    thrown.put("an I/O exception that cannot speak", EvilIo::new);
    thrown.put("one whose toString has no end", Endless::new);
    thrown.put("one whose toString is null", Mute::new);
    thrown.put("one that is its own cause", OwnCause::new);
    thrown.put("an error that throws itself", Death::new);
    thrown.put("no memory", () -> new OutOfMemoryError("simulated"));
    thrown.put("no stack", StackOverflowError::new);
    thrown.put("a circle of causes", ForeignCode::circle);
    thrown.put("a checked exception", () -> new IOException("disk"));
    thrown.put("an interrupt of nobody", () -> new InterruptedException("nobody's"));
    thrown.put("a cancellation of another", ForeignCode::strangers);
    return Collections.unmodifiableMap(thrown);
  }

  /** Throws it, declared or not. */
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  public static <X extends Throwable, T> T raise(Throwable thrown) throws X {
    throw (X) thrown;
  }

  /** The same where only unchecked ones are expected. */
  @SuppressWarnings("TypeParameterUnusedInFormals")
  public static <T> T sneak(Throwable thrown) {
    return ForeignCode.<RuntimeException, T>raise(thrown);
  }

  /** What is claimed of each. */
  public interface Law {
    void hold(Throwable thrown) throws Exception;
  }

  /** A test for each. */
  public static List<DynamicTest> forAll(Law law) {
    var tests = new ArrayList<DynamicTest>();
    THROWN.forEach(
        (name, thrown) -> tests.add(dynamicTest(name, () -> inTime(() -> law.hold(thrown.get())))));
    return tests;
  }

  /** Waits until it is so, as a rule for no time at all. */
  public static void eventually(Callable<Boolean> isSo) {
    await()
        .dontCatchUncaughtExceptions()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .until(isSo);
  }

  /** A body of a test. */
  public interface Body {
    void run() throws Exception;
  }

  /**
   * Runs it on a thread of its own, which must not hang, nor stay interrupted, and whose
   * uncaught-exception handler fails, too.
   */
  public static void inTime(Body body) throws Exception {
    var task =
        new FutureTask<@Nullable Throwable>(
            () -> {
              try {
                body.run();
                assertFalse(Thread.interrupted(), "the thread stays interrupted");
                return null;
              } catch (Throwable e) { // which may be as bad as can be
                return e;
              }
            });
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .uncaughtExceptionHandler(
                (_, failure) -> {
                  throw new IllegalStateException(failure);
                })
            .start(task);
    Throwable failure;
    try {
      failure = task.get(20, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw at(thread.getStackTrace(), "hangs");
    }
    switch (failure) {
      case null -> {}
      case AssertionError error -> throw error;
      default -> throw at(failure.getStackTrace(), "threw a " + failure.getClass().getName());
    }
  }

  private static AssertionError at(StackTraceElement[] place, String what) {
    var error = new AssertionError(what);
    error.setStackTrace(place);
    return error;
  }

  /** That it is the very same, or what a proxy makes of it; without a word to either. */
  public static void assertThrown(Throwable thrown, @Nullable Throwable found) {
    if (found != thrown
        && !(found instanceof UndeclaredThrowableException && found.getCause() == thrown)) {
      throw new AssertionError("another one: " + (found == null ? null : found.getClass()));
    }
  }
}
