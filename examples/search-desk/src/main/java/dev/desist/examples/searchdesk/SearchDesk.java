package dev.desist.examples.searchdesk;

import dev.desist.shutdown.Shutdown;
import dev.desist.shutdown.ShutdownReport;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** Starts the desk, and ends it in order. */
public final class SearchDesk {
  private static final String NAME = "search-desk: ";

  /** Beyond the grace time of the requests: for what is then to be cancelled and closed. */
  private static final Duration TO_STOP = Duration.ofSeconds(10);

  private static final int INTERRUPTED = 130;

  private final Options options;
  private final Shutdown shutdown;
  private final Terminal terminal = new Terminal();
  private final CountDownLatch indexed = new CountDownLatch(1);
  private final Desk desk;
  private final WebServer web;
  private volatile int exitCode;

  private SearchDesk(Options options, Source source) throws IOException, InterruptedException {
    this.options = options;
    this.desk = new Desk(source, options, this::indexChanged);
    this.web = new WebServer(desk, options.port());
    this.shutdown =
        Shutdown.ofProcess(
            "the search desk",
            limits ->
                limits
                    .withDrainLimit(options.grace().plus(TO_STOP))
                    .withReporter(SearchDesk::report)
                    .withExitCode(this::exitCode));
    shutdown.onDrain("the desk", this::stop);
  }

  /** If all is well, the last line of the desk says more. */
  private static void report(ShutdownReport report) {
    if (!report.isClean()) {
      System.err.println(report);
    }
  }

  /** A second signal cuts the end short. */
  private int exitCode(ShutdownReport report) {
    if (!report.aborted().isEmpty() || !report.leftBehind().isEmpty()) {
      return INTERRUPTED;
    }
    return report.failures().isEmpty() ? exitCode : 1;
  }

  /**
   * Runs the desk until a signal ends it.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) throws InterruptedException {
    try {
      Options options = Options.parse(List.of(args));
      if (options.help()) {
        System.out.println(Options.HELP);
        return;
      }
      start(options);
    } catch (Options.UsageException e) {
      System.err.println(NAME + e.getMessage());
      System.err.println(NAME + "--help lists what is understood");
      System.exit(2);
    } catch (IOException e) {
      System.err.println(NAME + e.getMessage());
      System.exit(1);
    }
  }

  private static void start(Options options) throws IOException, InterruptedException {
    Source source =
        options.source().isPresent() ? Source.of(options.source().get()) : Source.ofRunningJdk();
    new SearchDesk(options, source).run();
  }

  private void run() throws InterruptedException {
    if (desk.source().isClassesOnly()) {
      terminal.say(
          "This JDK came without src.zip; its class names and members are searched instead.");
    }
    terminal.say("The search desk is at " + address() + " (Ctrl-C stops it)");
    desk.indexJob().start();
    if (options.headlessCheck()) {
      indexed.await();
      exitCode = new HeadlessCheck(address(), terminal::say).passes() ? 0 : 1;
      shutdown.initiate("the check is over");
    }
  }

  private String address() {
    return "http://localhost:" + web.port() + "/";
  }

  private void indexChanged(IndexJob.Status status) {
    IndexProgress progress = status.progress();
    switch (status.state()) {
      case CHECKING -> {
        if (!status.message().isEmpty()) {
          terminal.say(status.message());
        }
      }
      case READING -> terminal.show(progress);
      case READY -> {
        desk.indexJob()
            .index()
            .ifPresent(
                index ->
                    terminal.say(
                        "Ready: %,d files, %,d lines of %s"
                            .formatted(index.files(), index.lines(), desk.source().title())));
        indexed.countDown();
      }
      case STOPPED -> {
        // At the end of the desk, its last line says so.
        if (!desk.isStopping()) {
          terminal.say(
              "%s, because %s; press Continue there, or start again later."
                  .formatted(readingStopped(progress), status.message()));
        }
      }
      case FAILED -> {
        System.err.println(NAME + status.message());
        exitCode = 1;
        shutdown.initiate("the source cannot be read");
      }
    }
  }

  /** The orderly end: refuse, say goodbye, give grace, cancel, report. */
  private void stop() throws InterruptedException {
    desk.refuseSearches();
    web.sayGoodbye();
    Desk.Stopped stopped = desk.stop(options.grace());
    web.close();
    IndexJob.Status index = desk.indexJob().status();
    String reading =
        index.state() == IndexJob.State.STOPPED
            ? " " + readingStopped(index.progress()) + "; the next start goes on from there."
            : "";
    terminal.say(inWords(stopped) + reading);
  }

  private static String readingStopped(IndexProgress progress) {
    return progress.totalFiles() == 0
        ? "Reading stopped before it began"
        : "Reading stopped at %,d of %,d files".formatted(progress.files(), progress.totalFiles());
  }

  private static String inWords(Desk.Stopped stopped) {
    String inHand =
        stopped.inHand() == 0
            ? "no search was in hand"
            : "of %s in hand, %d ended in time and %d had to be cancelled%s"
                .formatted(
                    whatWasInHand(stopped),
                    stopped.inHand() - stopped.cancelled(),
                    stopped.cancelled(),
                    stopped.deaf() == 0
                        ? ""
                        : ", of which %d did not listen".formatted(stopped.deaf()));
    return NAME
        + "stopped in %.2f s: %s; pages told: %d."
            .formatted(stopped.took().toNanos() / 1e9, inHand, stopped.pages());
  }

  private static String whatWasInHand(Desk.Stopped stopped) {
    int searches = stopped.inHand() - stopped.downloads();
    String inSearches = count(searches, "search", "searches");
    String inDownloads = count(stopped.downloads(), "download", "downloads");
    if (stopped.downloads() == 0) {
      return inSearches;
    }
    return searches == 0 ? inDownloads : inSearches + " and " + inDownloads;
  }

  private static String count(int number, String one, String many) {
    return number + " " + (number == 1 ? one : many);
  }
}
