package dev.desist.examples.searchdesk;

import java.lang.reflect.Proxy;

/**
 * Hears Ctrl-C (INT) and TERM before any shutdown hook runs, so that the desk ends in its own order
 * and with its own exit code.
 *
 * <p>{@code sun.misc.Signal} is in every JDK but is no part of the platform's API, hence
 * reflection; where it is missing or refused (as under {@code -Xrs}) a shutdown hook does the same
 * work.
 */
final class Signals {
  private Signals() {}

  /**
   * Runs an action at the first signal, once, on a thread that keeps the process alive; a second
   * signal ends the process at once with code 130.
   *
   * @param stop the orderly end; it must not call {@code System.exit}
   */
  static void onFirst(Runnable stop) {
    var listener = new Listener(stop);
    try {
      for (String name : new String[] {"INT", "TERM"}) {
        handle(name, listener);
      }
    } catch (ReflectiveOperationException | IllegalArgumentException _) {
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    stop.run();
                    // System.exit would wait for this very hook.
                    Runtime.getRuntime().halt(0);
                  },
                  "shutdown"));
    }
  }

  private static void handle(String name, Listener listener) throws ReflectiveOperationException {
    Class<?> signal = Class.forName("sun.misc.Signal");
    Class<?> handler = Class.forName("sun.misc.SignalHandler");
    Object proxy =
        Proxy.newProxyInstance(
            handler.getClassLoader(),
            new Class<?>[] {handler},
            (self, method, arguments) ->
                switch (method.getName()) {
                  case "handle" -> {
                    listener.heard();
                    yield null;
                  }
                  case "equals" -> self == arguments[0];
                  case "hashCode" -> System.identityHashCode(self);
                  default -> "handler of the search desk";
                });
    signal
        .getMethod("handle", signal, handler)
        .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
  }

  private static final class Listener {
    private final Runnable stop;
    private boolean first = true;

    Listener(Runnable stop) {
      this.stop = stop;
    }

    synchronized void heard() {
      if (!first) {
        Runtime.getRuntime().halt(130);
      }
      first = false;
      Thread.ofPlatform()
          .name("shutdown")
          .start(
              () -> {
                stop.run();
                System.exit(0);
              });
    }
  }
}
