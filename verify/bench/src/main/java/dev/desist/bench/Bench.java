package dev.desist.bench;

import dev.desist.bench.io.CancelMany;
import dev.desist.bench.io.CancelOne;
import dev.desist.bench.io.Echo;
import dev.desist.bench.io.Idle;
import dev.desist.bench.scope.Footprint;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs benchmarks and prints a table; what {@code ./bench} starts.
 *
 * <p>A machine is never as quiet as one would like, and grows faster and slower by the minute. So
 * the contestants of a benchmark take turns, each in a fresh JVM, for several rounds, and what
 * counts is the median over the rounds of the ratio within a round.
 */
public final class Bench {
  private static final String USAGE =
      """
      ./bench [--quick] [<pattern> ...] [<option of JMH> ...]

      Runs every benchmark whose name, such as scope.All, contains one of the regular expressions.
        --quick    each for a moment, all in this JVM: shows that they run, and measures nothing
        -f <n>     rounds; in each, every contestant has a JVM of its own (5)
        -l         lists the benchmarks
        -e <regex> leaves out contestants, by their full names
        -v NORMAL  shows what JMH has to say meanwhile

      What JMH knows besides, for runs in its own way:
      """;

  /**
   * The measuring thread is a virtual one, as those that open scopes are: between a platform thread
   * and virtual ones, what is measured on few processors is how soon the system wakes somebody. The
   * heap neither grows nor is collected concurrently.
   */
  private static final String[] JVM = {
    "--enable-preview",
    "--sun-misc-unsafe-memory-access=allow",
    "-Djmh.executor=VIRTUAL",
    "-Xms4g",
    "-Xmx4g",
    "-XX:+AlwaysPreTouch", // or who allocates more meets the page faults
    "-XX:+UseParallelGC"
  };

  /** What JMH does not run, by name. */
  private static final Map<String, Experiment> EXPERIMENTS =
      Stream.of(
              new Footprint(),
              Echo.channels(),
              Echo.platform(),
              Echo.sockets(),
              new CancelOne(),
              new CancelMany(),
              new Idle())
          .collect(Collectors.toMap(Experiment::name, Function.identity()));

  private final CommandLineOptions options;
  private final boolean quick;
  private final int rounds;
  private final List<RunResult> results = new ArrayList<>();
  private final List<Score> scores = new ArrayList<>();

  private Bench(CommandLineOptions options, boolean quick) {
    this.options = options;
    this.quick = quick;
    this.rounds = quick ? 1 : Math.max(1, options.getForkCount().orElse(5));
  }

  /**
   * Runs.
   *
   * @param args as the usage says, which {@code -h} prints
   * @throws Exception if a benchmark fails, or none was found
   */
  public static void main(String[] args) throws Exception {
    List<String> own = List.of("--quick", "--");
    String[] others =
        Arrays.stream(args).filter(each -> !own.contains(each)).toArray(String[]::new);
    var options = new CommandLineOptions(others);
    if (options.shouldHelp()) {
      System.out.println(USAGE);
      options.showHelp();
      return;
    }
    var bench = new Bench(options, Arrays.asList(args).contains("--quick"));
    if (options.shouldList()) {
      bench.benchmarks().forEach(System.out::println);
    } else {
      bench.run();
    }
  }

  private void run() throws Exception {
    long start = System.nanoTime();
    SortedSet<String> names = benchmarks();
    if (names.isEmpty()) {
      throw new IllegalArgumentException("no benchmark matches " + options.getIncludes());
    }
    for (String name : names) {
      int before = scores.size();
      for (int round = 1; round <= rounds; round++) {
        System.out.println(name + ", round " + round + " of " + rounds);
        Experiment experiment = EXPERIMENTS.get(name);
        if (experiment == null) {
          run(name);
        } else {
          scores.addAll(experiment.run(quick));
        }
      }
      System.out.println('\n' + Table.of(scores.subList(before, scores.size())));
    }
    report((System.nanoTime() - start) / 1_000_000_000);
  }

  private void run(String name) throws RunnerException {
    String prefix = Pattern.quote(Bench.class.getPackageName() + '.' + name + '.');
    ChainedOptionsBuilder builder =
        new OptionsBuilder()
            .parent(options)
            // JMH adds these to the patterns of the command line; so the others are excluded as
            // well.
            .include('^' + prefix)
            .exclude("^(?!" + prefix + ')')
            .forks(quick ? 0 : 1)
            .addProfiler(GCProfiler.class)
            .shouldFailOnError(true)
            .verbosity(options.verbosity().orElse(VerboseMode.SILENT))
            .jvmArgsPrepend(JVM);
    if (quick) {
      System.setProperty("jmh.ignoreLock", "true"); // others may measure; this does not
      builder
          .warmupIterations(1)
          .warmupTime(TimeValue.milliseconds(20))
          .measurementIterations(1)
          .measurementTime(TimeValue.milliseconds(50));
    }
    for (RunResult result : new Runner(builder.build()).run()) {
      results.add(result);
      scores.add(Score.of(result));
    }
  }

  /** The benchmarks asked for, by group and name. */
  private SortedSet<String> benchmarks() {
    SortedSet<String> all =
        BenchmarkList.defaultList()
            .getAll(
                OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT),
                options.getExcludes())
            .stream()
            .map(each -> Score.benchmark(each.getUsername()))
            .collect(Collectors.toCollection(TreeSet::new));
    all.addAll(EXPERIMENTS.keySet());
    List<Pattern> asked =
        options.getIncludes().stream()
            .map(each -> Pattern.compile(each, Pattern.CASE_INSENSITIVE))
            .toList();
    all.removeIf(
        name -> !asked.isEmpty() && asked.stream().noneMatch(each -> each.matcher(name).find()));
    return all;
  }

  private void report(long seconds) throws IOException {
    String warning = quick ? "The short form: these figures mean nothing.\n\n" : "";
    System.out.print(warning);
    Files.writeString(Path.of("bench.txt"), warning + Table.of(scores));
    try (var json = new PrintStream("bench.json", StandardCharsets.UTF_8)) {
      ResultFormatFactory.getInstance(ResultFormatType.JSON, json).writeOut(results);
    }
    System.out.println(
        "After "
            + seconds
            + " s; the table and the results of JMH are bench.txt and bench.json in "
            + Path.of("").toAbsolutePath());
  }
}
