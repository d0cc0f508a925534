package dev.desist.examples.relay;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.concurrent.Blocking;
import dev.desist.io.CancellableInputStream;
import dev.desist.shutdown.Shutdown;
import dev.desist.shutdown.ShutdownReport;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command line. Exit codes: 0 all had their goodbye or were given up in time, 1 not so, 2 wrong
 * use.
 */
@Command(
    name = "relay",
    mixinStandardHelpOptions = true,
    version = "relay, an example of Desist",
    sortOptions = false,
    description = {
      "A chat relay, with you at the terminal as its first client. /quit or Ctrl-C ends both;"
          + " others join from this machine: ./demo relay --connect"
    })
final class RelayCommand implements Callable<Integer> {
  private static final Duration HEAR_OUT = Duration.ofSeconds(1);

  /** At most one of these. */
  static final class Manner {
    @Option(names = "--serve", description = "The relay alone, until SIGTERM or Ctrl-C.")
    boolean serve;

    @Option(names = "--connect", description = "The terminal alone, for a relay that runs.")
    boolean connect;

    @Option(
        names = "--load",
        description = "A load of many clients, until Ctrl-C, and then what has become of it.")
    boolean load;
  }

  @ArgGroup(exclusive = true)
  private Manner manner = new Manner();

  @Option(
      names = {"-p", "--port"},
      description = "On the loopback address; 0 takes a free one (default: ${DEFAULT-VALUE}).")
  private int port = 7420;

  @Option(names = "--room", description = "The room you are in (default: ${DEFAULT-VALUE}).")
  private String room = "lobby";

  @Option(names = "--name", description = "The name you have there (default: made from yours).")
  private String name =
      System.getProperty("user.name", "you").replaceAll("[^A-Za-z0-9-]", "-")
          + "-"
          + ProcessHandle.current().pid();

  @Option(
      names = "--outbox",
      paramLabel = "LINES",
      description = "How many lines may wait for a client (default: ${DEFAULT-VALUE}).")
  private int outbox = 1_000;

  @Option(
      names = "--patience",
      paramLabel = "SECONDS",
      description =
          "How long a full outbox holds up those who send, before its client is dropped (default:"
              + " ${DEFAULT-VALUE}).")
  private int patience = 5;

  @Option(
      names = "--drain",
      paramLabel = "SECONDS",
      description = "How long clients have to take what is theirs (default: ${DEFAULT-VALUE}).")
  private int drain = 10;

  @Option(
      names = "--clients",
      description = "Of the load: how many clients (default: ${DEFAULT-VALUE}).")
  private int clients = 2_000;

  @Option(
      names = "--room-size",
      paramLabel = "CLIENTS",
      description = "Of the load: how many are in a room (default: ${DEFAULT-VALUE}).")
  private int roomSize = 10;

  @Option(
      names = "--window",
      paramLabel = "MESSAGES",
      description =
          "Of the load: how many messages each has in flight (default: ${DEFAULT-VALUE}).")
  private int window = 50;

  @Option(
      names = "--stuck",
      paramLabel = "CLIENTS",
      description = "Of the load: how many never read (default: ${DEFAULT-VALUE}).")
  private int stuck;

  @Spec private CommandSpec spec = CommandSpec.create();

  private final PrintStream out = System.out;

  private RelayCommand() {}

  /**
   * Runs.
   *
   * @param args see {@code --help}
   */
  public static void main(String[] args) {
    System.exit(new CommandLine(new RelayCommand()).execute(args));
  }

  @Override
  public Integer call() throws Exception {
    require(port >= 0 && port < 65_536, "--port must be from 0 to 65535", port);
    require(outbox > 0, "--outbox must be positive", outbox);
    require(patience > 0, "--patience must be positive", patience);
    require(drain >= 0, "--drain must not be negative", drain);
    require(clients > 0, "--clients must be positive", clients);
    require(roomSize > 0, "--room-size must be positive", roomSize);
    require(window > 0, "--window must be positive", window);
    require(stuck >= 0 && stuck <= clients, "--stuck must be from 0 to --clients", stuck);
    Shutdown shutdown = Shutdown.ofProcess("the relay", this::configure);
    if (manner.connect) {
      require(port > 0, "--connect needs a --port", port);
      try (var _ = shutdown.track("the terminal")) {
        return talk(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), shutdown.soft());
      }
    }
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    var options = new Relay.Options(outbox, Duration.ofSeconds(patience), hearOut());
    Relay relay;
    try {
      relay = Relay.start(shutdown, address, options, System.err::println);
    } catch (IOException e) {
      throw new ParameterException(
          spec.commandLine(), "cannot listen at port " + port + ": " + e.getMessage(), e);
    }
    out.println("The relay is at port " + relay.address().getPort());
    if (manner.load) {
      load(shutdown, relay.address());
    } else if (!manner.serve) {
      int code = talk(relay.address(), CancellationToken.none());
      shutdown.initiate(code == 0 ? "its user has left" : "its terminal has failed");
    }
    return code(shutdown.await(CancellationToken.none()));
  }

  /** All three times of it fit into the time that clients have. */
  private Duration hearOut() {
    Duration quarter = Duration.ofSeconds(drain).dividedBy(4);
    return quarter.compareTo(HEAR_OUT) < 0 ? quarter : HEAR_OUT;
  }

  /** That somebody does not listen is no failure of the relay, which has said who. */
  private static int code(ShutdownReport report) {
    return report.failures().isEmpty() && report.leftBehind().isEmpty() ? 0 : 1;
  }

  private void require(boolean holds, String rule, int value) {
    if (!holds) {
      throw new ParameterException(spec.commandLine(), rule + ": " + value);
    }
  }

  private Shutdown.Configuration configure(Shutdown.Configuration options) {
    var all = options.withDrainLimit(Duration.ofSeconds(drain)).withExitCode(RelayCommand::code);
    return manner.connect
        ? all.withReporter(_ -> {})
        : all.withProgress(Duration.ofSeconds(1), System.err::println);
  }

  /** Returns the exit code. */
  private int talk(InetSocketAddress relay, CancellationToken leave) throws InterruptedException {
    out.println("What you type is said; /quit leaves.");
    try {
      new TerminalClient(CancellableInputStream.systemIn(), out, out.charset())
          .run(relay, room, name, leave);
      return 0;
    } catch (IOException e) {
      System.err.println("relay: port " + relay.getPort() + ": " + e.getMessage());
      return 1;
    }
  }

  /** The clients end with the goodbye of the relay; then there is time to say what they saw. */
  private void load(Shutdown shutdown, InetSocketAddress relay) throws InterruptedException {
    var load = new Load(relay, new Load.Options(clients, roomSize, window, stuck));
    var told = new CountDownLatch(1);
    shutdown.onClose(
        "the clients of the load",
        () -> {
          load.release();
          Blocking.interruptibly(Cancellation.current(), () -> told.await());
        });
    // A virtual thread that sleeps would not get to run: the load keeps all carriers busy.
    Thread watch = Thread.ofPlatform().daemon().start(() -> watch(shutdown.soft(), load));
    try {
      out.println(load.run());
    } finally {
      watch.interrupt();
      told.countDown();
    }
  }

  private void watch(CancellationToken end, Load load) {
    try {
      load.begin.await();
      out.println("%,d clients in rooms of %,d; Ctrl-C ends it".formatted(clients, roomSize));
      long before = 0;
      while (!end.await(Duration.ofSeconds(1))) {
        long now = load.delivered.get();
        out.println(
            "%,12d acknowledged %,14d delivered %,12d a second"
                .formatted(load.acknowledged.get(), now, now - before));
        before = now;
      }
    } catch (InterruptedException e) {
      // The load has ended by itself.
    }
  }
}
