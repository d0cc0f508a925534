package dev.desist;

import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The threads on which this library does what may block: cached, daemon, and platform threads
 * because that may pin.
 */
final class Dispatcher {
  private static final ThreadPoolExecutor POOL =
      new ThreadPoolExecutor(
          0, Integer.MAX_VALUE, 10, TimeUnit.SECONDS, new SynchronousQueue<>(), threads());

  /** The pool's face: whoever is handed it must not be able to shut it down. */
  @SuppressWarnings("UnnecessaryMethodReference") // necessary: the pool itself has shutdown()
  static final Executor INSTANCE = POOL::execute;

  private Dispatcher() {}

  private static ThreadFactory threads() {
    ThreadFactory plain =
        Thread.ofPlatform()
            .daemon()
            .name("desist-dispatcher-", 1)
            .inheritInheritableThreadLocals(false)
            .factory();
    return task -> {
      Thread thread = plain.newThread(task);
      thread.setContextClassLoader(
          null); // threads are shared by whole processes, and must not keep an application loaded
      return thread;
    };
  }
}
