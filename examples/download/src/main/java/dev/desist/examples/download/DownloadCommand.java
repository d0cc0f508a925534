package dev.desist.examples.download;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.Outcome;
import dev.desist.scope.Joiner;
import dev.desist.scope.Subtask;
import dev.desist.scope.TaskScope;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command line. Exit codes: 0 all there, 1 some failed, 2 wrong use, 130 stopped by Ctrl-C. */
@Command(
    name = "download",
    mixinStandardHelpOptions = true,
    version = "download, an example of Desist",
    description =
        "Downloads files. Ctrl-C stops it; what has come is kept, and the same command goes on from"
            + " there.")
final class DownloadCommand implements Callable<Integer> {
  @Parameters(arity = "1..*", paramLabel = "URL", description = "What to download.")
  private List<URI> urls = List.of();

  @Option(
      names = {"-d", "--directory"},
      paramLabel = "DIR",
      description = "Where to put the files (default: here).")
  private Path directory = Path.of("");

  @Option(
      names = {"-p", "--parallel"},
      paramLabel = "N",
      description = "How many files at a time (default: ${DEFAULT-VALUE}).")
  private int parallel = 4;

  @Option(
      names = "--patience",
      paramLabel = "SECONDS",
      description = "How long nothing may come (default: ${DEFAULT-VALUE}).")
  private int patience = 30;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description = "How long it may take altogether (default: no limit).")
  private int timeout;

  @Spec private CommandSpec spec = CommandSpec.create();

  private final PrintStream out = System.out;

  private record Item(URI url, Path target) {}

  private DownloadCommand() {}

  /**
   * Runs.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    System.exit(new CommandLine(new DownloadCommand()).execute(args));
  }

  @Override
  public Integer call() throws Exception {
    List<Item> items = items();
    if (parallel < 1 || patience < 1 || timeout < 0) {
      throw wrong("--parallel and --patience must be positive, --timeout not negative");
    }
    Files.createDirectories(directory);
    var over = new CountDownLatch(1);
    try (var source = CancellationSource.create("download")) {
      // A hook: the process ends with the code of the signal, after what is left to be said.
      Thread hook =
          Thread.ofPlatform()
              .unstarted(
                  () -> {
                    source.cancel(CancellationReason.shutdown("Ctrl-C was pressed"));
                    awaitBriefly(over);
                  });
      Runtime.getRuntime().addShutdownHook(hook);
      int code = Cancellation.call(source.token(), () -> fetch(items));
      if (!source.isCancelled()) {
        Runtime.getRuntime().removeShutdownHook(hook);
      }
      return code;
    } finally {
      over.countDown();
    }
  }

  private static void awaitBriefly(CountDownLatch over) {
    try {
      boolean _ = over.await(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Checked before anything is fetched. */
  private List<Item> items() {
    var items = new ArrayList<Item>();
    var targets = new HashSet<Path>();
    for (URI url : urls) {
      if (!List.of("http", "https").contains(url.getScheme())) {
        throw wrong("a URL must begin with http:// or https://: " + url);
      }
      String path = url.getPath() == null ? "" : url.getPath();
      String name = path.substring(path.lastIndexOf('/') + 1);
      Path target = directory.resolve(name.isEmpty() || name.equals("..") ? "index.html" : name);
      if (!targets.add(target)) {
        throw wrong("two URLs would be the same file, " + target);
      }
      items.add(new Item(url, target));
    }
    return items;
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private int fetch(List<Item> items) throws Exception {
    var subtasks = new LinkedHashMap<Item, Subtask<Path>>();
    try (var client = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NORMAL).build();
        var scope = TaskScope.open(Joiner.<Path>awaitAll(), this::configured)) {
      var transfer = new Transfer(client, Duration.ofSeconds(patience), new Progress(out));
      for (Item item : items) {
        String name = String.valueOf(item.target.getFileName());
        subtasks.put(item, scope.fork(name, () -> transfer.fetch(item.url, item.target)));
      }
      scope.join();
    } catch (CancelledException | TimeoutException e) {
      // told below, for each file
    }
    int code = 0;
    for (var each : subtasks.entrySet()) {
      code = Math.max(code, tell(each.getKey(), each.getValue()));
    }
    return code;
  }

  private TaskScope.Configuration configured(TaskScope.Configuration scope) {
    TaskScope.Configuration named = scope.withName("download").withParallelism(parallel);
    return timeout == 0 ? named : named.withTimeout(Duration.ofSeconds(timeout));
  }

  private int tell(Item item, Subtask<Path> subtask) throws Exception {
    return switch (subtask.outcome().orElseThrow()) {
      case Outcome.Success<Path>(Path file) -> {
        out.printf("%s: done, %,d kB%n", file, Files.size(file) / 1_000);
        yield 0;
      }
      case Outcome.Cancelled<Path>(CancellationReason why) -> {
        out.printf(
            "%s: stopped, because %s; %,d kB are kept for the next time%n",
            item.target, why.message(), PartFile.of(item.target).size() / 1_000);
        yield why instanceof CancellationReason.Shutdown ? 130 : 1;
      }
      case Outcome.Failure<Path>(Throwable e) -> {
        out.printf(
            "%s: failed: %s%n",
            item.url, e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
        yield 1;
      }
    };
  }
}
