package dev.desist.failing;

import dev.desist.Cancellation;
import dev.desist.internal.Foreign;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs an operation as often as it allocates something, and fails one allocation more each time.
 * Needs classes that were made by {@link AllocationPoints}.
 */
final class FailingAllocations implements Walk, Runnable {
  /** Which of them fail. */
  enum Manner {
    /** One of the thread that runs the operation. */
    ONE,
    /** Some in a row, until there is memory again. */
    SEVERAL,
    /** One of the other threads, of which there are the library's and virtual ones. */
    ANOTHER_THREADS
  }

  private static final int MOST = 2_000;

  /** So many fail: the JDK waits 100 ms after each, where it has to start a virtual thread. */
  private static final int ROW = 5;

  private final Manner manner;
  private final AtomicInteger left = new AtomicInteger();
  private final Thread walker = Thread.currentThread();
  private volatile boolean armed;
  private volatile @Nullable OutOfMemoryError failed;

  FailingAllocations(Manner manner) throws IOException, ReflectiveOperationException {
    this.manner = manner;
    loadAll();
    Class.forName(AllocationPoints.POINT).getField(AllocationPoints.FIELD).set(null, this);
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, e) -> {
          if (Foreign.find(e, OutOfMemoryError.class::isInstance) == null) {
            e.printStackTrace(System.out);
          }
        });
  }

  /** The very first use of a class, or of a lambda, is the machine's. */
  private static void loadAll() throws IOException, ReflectiveOperationException {
    Path classes;
    try {
      classes =
          Path.of(Cancellation.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
    try (Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.toList()) {
        String name = classes.relativize(file).toString();
        if (name.startsWith("dev") && name.endsWith(".class")) {
          Class.forName(name.substring(0, name.length() - 6).replace('/', '.'));
        }
      }
    }
    new Throwable().printStackTrace(new PrintStream(OutputStream.nullOutputStream()));
    System.getLogger("dev.desist").log(System.Logger.Level.TRACE, "nothing");
  }

  /** Passes a point. */
  @Override
  public void run() {
    if (armed && isMeant(Thread.currentThread())) {
      int now = left.decrementAndGet();
      if (now == 0 || (now < 0 && now > -ROW && manner == Manner.SEVERAL)) {
        var error = new OutOfMemoryError("failed by the test");
        if (now == 0) {
          failed = error;
        }
        throw error;
      }
    }
  }

  private boolean isMeant(Thread thread) {
    return manner == Manner.ANOTHER_THREADS
        ? thread != walker && (thread.isVirtual() || thread.getName().startsWith("desist-"))
        : thread == walker;
  }

  @Override
  public void over(String name, Step step) throws Exception {
    long begin = System.nanoTime();
    for (int i = 0; i < 5; i++) { // loads the classes
      attempt(Integer.MAX_VALUE, step);
    }
    int passes = 0;
    int inARow = 0;
    int enough = manner == Manner.ANOTHER_THREADS ? 3 : 1; // they may be slower another time
    while (inARow < enough) {
      passes++;
      try {
        attempt(passes, step);
      } catch (Throwable e) {
        if (failed != null) {
          e.addSuppressed(failed);
        }
        throw new AssertionError(name + ", " + manner + ", allocation " + passes, e);
      }
      inARow = failed == null ? inARow + 1 : 0;
      if (passes == MOST) {
        throw new AssertionError(name + " has no end");
      }
    }
    long millis = (System.nanoTime() - begin) / 1_000_000;
    System.out.println(name + ": " + (passes - enough) + " allocations in " + millis + " ms");
  }

  private void attempt(int allocation, Step step) throws Exception {
    failed = null;
    step.prepare();
    boolean done = false;
    left.set(allocation);
    armed = true;
    try {
      step.run();
      done = true;
    } catch (Throwable e) {
      armed = false;
      if (failed == null || Foreign.find(e, OutOfMemoryError.class::isInstance) == null) {
        throw e;
      }
    }
    if (manner == Manner.ANOTHER_THREADS) {
      awaitQuiet();
      done &= failed == null;
    }
    armed = false;
    step.check(done);
  }

  /** Until the others have come to rest, or seem to have. */
  private void awaitQuiet() throws InterruptedException {
    int seen = left.get();
    for (int still = 0; still < 3 && failed == null; ) {
      Thread.sleep(1);
      int now = left.get();
      still = now == seen ? still + 1 : 0;
      seen = now;
    }
  }
}
