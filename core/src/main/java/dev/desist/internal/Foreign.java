package dev.desist.internal;

import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Dealing with objects of others, whose methods may throw whatever they like, an error or a stack
 * overflow included, where nothing may be thrown: exceptions and their messages, loggers, handlers,
 * {@code toString}.
 */
public final class Foreign {
  private static final String LOG = "dev.desist";

  /** Longer than any chain of causes that somebody would read. */
  private static final int MOST = 10_000;

  private static final Pattern INTERRUPT = Pattern.compile("interrupt", Pattern.CASE_INSENSITIVE);

  private Foreign() {}

  /**
   * {@return what {@code object} says of itself} If it cannot, the name of its class, and what
   * happened when it was asked.
   *
   * @param object any object; null gives {@code "null"}
   */
  public static String describe(@Nullable Object object) {
    if (object == null) {
      return "null";
    }
    try {
      // What toString gives may be null, against its contract.
      return String.valueOf(object.toString());
    } catch (Throwable e) {
      return object.getClass().getName()
          + " (which cannot say more: "
          + e.getClass().getName()
          + ')';
    }
  }

  /**
   * {@return whether {@code object} can be described by itself}
   *
   * @param object any object
   */
  public static boolean canSpeak(Object object) {
    try {
      String _ = object.toString();
      return true;
    } catch (Throwable e) {
      return false;
    }
  }

  /** {@return the message of {@code thrown}; if it has none, or cannot give it, its class} */
  public static String message(Throwable thrown) {
    try {
      String message = thrown.getMessage();
      return message != null ? message : thrown.getClass().getName();
    } catch (Throwable e) {
      return describe(thrown);
    }
  }

  /** {@return the cause of {@code thrown}; null if it has none, or cannot tell} */
  public static @Nullable Throwable cause(Throwable thrown) {
    try {
      return thrown.getCause();
    } catch (Throwable e) {
      return null;
    }
  }

  /**
   * {@return the first of {@code thrown}, its causes and what these have suppressed, for which
   * {@code wanted} holds} Each is asked once, nearest first, also if they form a circle.
   *
   * @param thrown where to begin
   * @param wanted asked; must not throw
   */
  public static @Nullable Throwable find(Throwable thrown, Predicate<? super Throwable> wanted) {
    if (wanted.test(thrown)) { // mostly it is this one
      return thrown;
    }
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    var pending = new ArrayDeque<Throwable>();
    pending.add(thrown);
    seen.add(thrown);
    for (Throwable at = pending.poll(); at != null && seen.size() < MOST; at = pending.poll()) {
      if (at != thrown && wanted.test(at)) {
        return at;
      }
      Throwable cause = cause(at);
      if (cause != null && seen.add(cause)) {
        pending.add(cause);
      }
      for (Throwable suppressed : at.getSuppressed()) {
        if (seen.add(suppressed)) {
          pending.add(suppressed);
        }
      }
    }
    return null;
  }

  /**
   * {@return whether {@code thrown}, or something that it was made from, names an interrupt, in its
   * class or in words} As what is thrown for one does, in the JDK and elsewhere.
   *
   * @param thrown what was thrown
   */
  public static boolean tellsOfInterrupt(Throwable thrown) {
    return find(thrown, Foreign::namesInterrupt) != null;
  }

  private static boolean namesInterrupt(Throwable thrown) {
    return !(thrown instanceof SocketTimeoutException) // which is one of InterruptedIOException
        && (thrown instanceof InterruptedIOException
            || INTERRUPT.matcher(thrown.getClass().getName()).find()
            || INTERRUPT.matcher(message(thrown)).find());
  }

  /**
   * Adds {@code other} to what {@code thrown} has suppressed, unless it is the same.
   *
   * @param thrown is thrown
   * @param other would be lost
   */
  public static void suppress(Throwable thrown, Throwable other) {
    if (thrown != other) {
      thrown.addSuppressed(other);
    }
  }

  /**
   * Tells the current thread's uncaught-exception handler of a failure that has nobody else to go
   * to.
   *
   * @param failure what was thrown
   */
  public static void report(Throwable failure) {
    Thread thread = Thread.currentThread();
    try {
      thread.getUncaughtExceptionHandler().uncaughtException(thread, failure);
    } catch (Throwable e) {
      // What a handler throws is ignored, as the JVM does.
    }
  }

  /**
   * {@return {@code e}, to be thrown as it is} For what came from a call that declares nothing of
   * the kind, as other languages let it.
   *
   * @param <X> what the caller may throw
   * @param e what was thrown
   * @throws X which is {@code e}, and not checked
   */
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // erased
  public static <X extends Exception> X undeclared(Exception e) throws X {
    throw (X) e;
  }

  /**
   * Runs what a user gave us, where a failure of it has nobody else to go to.
   *
   * @param callback what to run
   */
  public static void run(Runnable callback) {
    try {
      callback.run();
    } catch (Throwable e) {
      report(e);
    }
  }

  /**
   * Logs where all of this library does, and survives a logger that fails.
   *
   * @param level how important it is
   * @param message what to say
   */
  public static void log(System.Logger.Level level, String message) {
    log(level, message, null);
  }

  /**
   * Logs where all of this library does, and survives a logger that fails.
   *
   * @param level how important it is
   * @param message what to say
   * @param thrown what to show the stack trace of, if anything
   */
  public static void log(System.Logger.Level level, String message, @Nullable Throwable thrown) {
    try {
      // Asked for each time: whoever makes loggers is a stranger, too, and must neither run while a
      // class of ours is initialised, which is a lock (promise 8), nor be able to spoil it.
      System.getLogger(LOG).log(level, message, thrown);
    } catch (Throwable e) {
      // A logger that fails must not keep anything from anybody.
    }
  }

  /**
   * {@return the thread's name, if it has one, and its kind and number}
   *
   * @param thread any thread
   */
  public static String nameOf(Thread thread) {
    return (thread.getName().isEmpty() ? "" : thread.getName() + ", ")
        + (thread.isVirtual() ? "virtual thread " : "thread ")
        + thread.threadId();
  }

  /**
   * {@return what the thread is doing; empty if it has ended, or is of a class that does not tell}
   *
   * @param thread any thread
   */
  public static List<StackTraceElement> stackOf(Thread thread) {
    try {
      return List.of(thread.getStackTrace());
    } catch (Throwable e) {
      return List.of();
    }
  }
}
