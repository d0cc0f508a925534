package dev.desist.shutdown;

import dev.desist.internal.Foreign;
import dev.desist.internal.Stack;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What ends a process: SIGTERM and SIGINT, heard before any shutdown hook runs, and everything else
 * as a hook.
 *
 * <p>{@code sun.misc.Signal} is in every JDK, in the module {@code jdk.unsupported}, but is no part
 * of the platform's API: hence reflection. Where it is missing, a signal ends in the hook, as
 * {@link System#exit} does.
 */
final class Signals {
  /** The shutdown of this process. */
  private static final AtomicReference<@Nullable Shutdown> PROCESS = new AtomicReference<>();

  /** How long the last words may take: the standard error may be a pipe that nobody reads. */
  private static final Duration LAST_WORDS = Duration.ofSeconds(2);

  private final Shutdown shutdown;
  private final AtomicInteger heard = new AtomicInteger();

  private Signals(Shutdown shutdown) {
    this.shutdown = shutdown;
  }

  /** Has {@code shutdown} begin with whatever ends this process; at once, if it is ending. */
  static void listen(Shutdown shutdown) {
    Stack.reserve();
    Shutdown earlier = PROCESS.compareAndExchange(null, shutdown);
    if (earlier != null) {
      throw new IllegalStateException("a process has one shutdown, and this has: " + earlier);
    }
    Thread hook =
        Thread.ofPlatform()
            .name("desist-shutdown-hook")
            .inheritInheritableThreadLocals(false)
            .unstarted(shutdown::processExits);
    try {
      Runtime.getRuntime().addShutdownHook(hook);
    } catch (IllegalStateException _) { // too late for hooks
      shutdown.initiate("the process exits");
    }
    new Signals(shutdown).handle("TERM", "INT");
  }

  private void handle(String... names) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Method number = signal.getMethod("getNumber");
      InvocationHandler onCall =
          (proxy, method, arguments) -> {
            switch (method.getName()) {
              case "handle" -> heard("SIG" + name(arguments[0]), (int) number.invoke(arguments[0]));
              case "equals" -> {
                return proxy == arguments[0];
              }
              case "hashCode" -> {
                return System.identityHashCode(proxy);
              }
              default -> {
                return "the handler of " + shutdown;
              }
            }
            return null;
          };
      Object ours =
          Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, onCall);
      Method handle = signal.getMethod("handle", signal, handler);
      for (String name : names) {
        handle.invoke(null, signal.getConstructor(String.class).newInstance(name), ours);
      }
    } catch (InvocationTargetException e) { // under -Xrs: the signal is not ours to have
      Foreign.log(
          System.Logger.Level.WARNING,
          "signals end this process at once, without a shutdown: " + e.getCause());
    } catch (ReflectiveOperationException | RuntimeException e) {
      Foreign.log(
          System.Logger.Level.INFO, "signals are heard as any end of the process is, since " + e);
    }
  }

  private static Object name(Object signal) throws ReflectiveOperationException {
    return signal.getClass().getMethod("getName").invoke(signal);
  }

  /** On a thread that the JVM makes for each signal. */
  private void heard(String signal, int number) throws InterruptedException {
    switch (heard.incrementAndGet()) {
      case 1 -> shutdown.initiate(signal + " was received");
      case 2 -> shutdown.abort("a second signal, " + signal + ", was received");
      default -> {
        try {
          Thread teller =
              Thread.ofPlatform()
                  .daemon()
                  .start(() -> System.err.println(shutdown.lastWords(signal)));
          boolean _ = teller.join(LAST_WORDS);
        } finally {
          Runtime.getRuntime().halt(128 + number);
        }
      }
    }
  }
}
