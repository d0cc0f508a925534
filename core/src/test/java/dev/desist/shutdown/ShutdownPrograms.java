package dev.desist.shutdown;

import static dev.desist.CancellationToken.none;

import dev.desist.Action;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;

/** The programs of {@link ShutdownProcessTest}: each prints what it does, one event a line. */
final class ShutdownPrograms {
  private static final Duration SHORT = Duration.ofMillis(100);
  private static final Duration HOUR = Duration.ofHours(1);

  private static final CountDownLatch STOPPED = new CountDownLatch(1);

  private ShutdownPrograms() {}

  public static void main(String[] arguments) throws Exception {

    switch (arguments[0]) {
      case "drains" -> {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> say("foreign hook")));
        Shutdown shutdown = open(UnaryOperator.identity());
        polite(shutdown, 3);
        serve(shutdown);
      }
      case "deaf" -> {
        Shutdown shutdown = open(options -> options.withDrainLimit(SHORT).withGrace(SHORT));
        deafWork(shutdown);
        serve(shutdown);
      }
      case "patient" -> {
        Shutdown shutdown = open(options -> options.withDrainLimit(HOUR));
        tellTokens(shutdown);
        work(
            shutdown,
            () -> {
              shutdown.hard().await();
              var why = shutdown.hard().reason().orElseThrow();
              say("connection ends because " + why.message());
            });
        serve(shutdown);
      }
      case "deaf for ever" -> {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> say("foreign hook")));
        Shutdown shutdown = open(options -> options.withDrainLimit(HOUR).withGrace(HOUR));
        tellTokens(shutdown);
        deafWork(shutdown);
        serve(shutdown);
      }
      case "abandoned" -> {
        Shutdown shutdown = open(options -> options.withDrainLimit(SHORT).withGrace(SHORT));
        abandon(shutdown, 100_000);
        serve(shutdown);
      }
      case "abandoned for ever" -> {
        Shutdown shutdown = open(options -> options.withDrainLimit(HOUR).withGrace(HOUR));
        tellTokens(shutdown);
        abandon(shutdown, 100_000);
        serve(shutdown);
      }
      case "exits with work abandoned" -> {
        abandon(open(options -> options.withDrainLimit(HOUR)), 100_000);
        System.exit(7);
      }
      case "exits" -> {
        polite(open(UnaryOperator.identity()), 1);
        System.exit(7);
      }
      case "returns" -> polite(open(UnaryOperator.identity()), 1);
      case "work exits" -> {
        Shutdown shutdown = open(options -> options.withDrainLimit(HOUR));
        work(shutdown, () -> exitAfterSoft(shutdown, 3));
        serve(shutdown);
      }
      case "all exit" -> {
        Shutdown shutdown = open(options -> options.withDrainLimit(HOUR));
        work(shutdown, () -> exitAfterSoft(shutdown, 6));
        work(shutdown, () -> exitAfterSoft(shutdown, 7));
        try (Participant _ = shutdown.track("main")) {
          System.exit(5);
        }
      }
      case "called" -> {
        Shutdown shutdown = open(options -> options.withExitCode(_ -> 42));
        shutdown.initiate("the operator asked for it");
        shutdown.await(none());
      }
      case "action fails" -> {
        Shutdown shutdown = open(UnaryOperator.identity());
        shutdown.onClose(
            "cache",
            () -> {
              throw new IOException("disk full");
            });
        serve(shutdown);
      }
      case "action hangs" -> {
        Shutdown shutdown = open(options -> options.withCloseLimit(Duration.ofSeconds(1)));
        shutdown.onClose("cache", ShutdownPrograms::deaf);
        serve(shutdown);
      }
      case "late" ->
          Runtime.getRuntime()
              .addShutdownHook(
                  new Thread(
                      () -> {
                        Shutdown shutdown = Shutdown.ofProcess("program");
                        System.out.println("begun: " + shutdown.soft().isCancelled());
                      }));
      case "two" -> {
        Shutdown.ofProcess("program");
        try {
          Shutdown.ofProcess("another");
        } catch (IllegalStateException e) {
          System.out.println(e.getMessage());
        }
      }
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  /** Whole lines, whatever else is printed. */
  private static void say(String event) {
    synchronized (System.out) {
      System.out.println("- " + event);
      System.out.flush();
    }
  }

  private static Shutdown open(UnaryOperator<Shutdown.Configuration> options) {
    Shutdown shutdown = Shutdown.ofProcess("program", options);
    shutdown.onStop(
        "listener",
        () -> {
          say("stop listener");
          STOPPED.countDown();
        });
    shutdown.onClose("store", () -> say("close store"));
    return shutdown;
  }

  private static void serve(Shutdown shutdown) throws InterruptedException {
    say("ready");
    shutdown.await(none());
  }

  private static void tellTokens(Shutdown shutdown) {
    shutdown.soft().onCancel(() -> say("soft"));
    shutdown.hard().onCancel(() -> say("hard"));
  }

  /** Work on virtual threads that ends some time after it was told to. */
  private static void polite(Shutdown shutdown, int count) throws InterruptedException {
    for (int i = 0; i < count; i++) {
      work(
          shutdown,
          () -> {
            shutdown.soft().await();
            STOPPED.await(); // it takes its time, and nobody minds
            say("goodbye");
          });
    }
  }

  private static void work(Shutdown shutdown, Action<?> body) throws InterruptedException {
    var begun = new CountDownLatch(1);
    Thread.startVirtualThread(
        () -> {
          try (Participant _ = shutdown.track("connection 7")) {
            begun.countDown();
            body.perform();
          } catch (Exception e) {
            say("failed: " + e);
          }
        });
    begun.await();
  }

  /** Work that one thread begins and never ends. */
  private static void abandon(Shutdown shutdown, int count) {
    for (int i = 0; i < count; i++) {
      int number = i;
      var _ = shutdown.track(() -> "message " + number);
    }
  }

  private static void exitAfterSoft(Shutdown shutdown, int code) throws InterruptedException {
    shutdown.soft().await();
    System.exit(code);
  }

  private static void deafWork(Shutdown shutdown) throws InterruptedException {
    var begun = new CountDownLatch(1);
    Thread.ofPlatform()
        .daemon()
        .name("worker")
        .start(
            () -> {
              try (Participant _ = shutdown.track("connection 7")) {
                begun.countDown();
                deaf();
              }
            });
    begun.await();
  }

  private static void deaf() {
    while (true) {
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        // deaf
      }
    }
  }
}
