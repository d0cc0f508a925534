package dev.desist.bench.io;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.bench.Experiment;
import dev.desist.bench.Score;
import dev.desist.bench.io.Wire.Connection;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToDoubleFunction;

/**
 * Messages to another process and back: the time for each, and the processor time that this process
 * spends for each, the system's included. All connections of a contestant are busy at a time.
 *
 * <p>The contestants share a JVM and take turns of a fifth of a second, in rotating order; what
 * counts is the median turn.
 */
public final class Echo implements Experiment {
  private static final List<String> JVM = List.of("-Xms1g", "-Xmx1g", "-XX:+UseParallelGC");

  /** How long a turn is, in nanoseconds. */
  private static final long TURN = 200_000_000;

  private final String name;
  private final boolean virtual;
  private final List<Wire> wires;
  private final List<Integer> connections;

  private Echo(String name, boolean virtual, List<Wire> wires, List<Integer> connections) {
    this.name = name;
    this.virtual = virtual;
    this.wires = wires;
    this.connections = connections;
  }

  /** {@return channels, on virtual threads} */
  public static Echo channels() {
    return new Echo(
        "io.Echo",
        true,
        List.of(Wire.DESIST, Wire.DEADLINE, Wire.TIMEOUT, Wire.PLAIN, Wire.AGAIN),
        List.of(1, 100, 1_000));
  }

  /** {@return channels, on platform threads} */
  public static Echo platform() {
    return new Echo(
        "io.EchoPlatform", false, List.of(Wire.DESIST, Wire.PLAIN, Wire.AGAIN), List.of(1, 50));
  }

  /** {@return sockets with a timeout, on virtual threads} */
  public static Echo sockets() {
    return new Echo(
        "io.EchoSocket", true, List.of(Wire.DESIST_SOCKET, Wire.PLAIN_SOCKET), List.of(1, 100));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<Score> run(boolean quick) throws IOException, InterruptedException {
    var scores = new ArrayList<Score>();
    for (int number : quick ? connections.subList(0, 1) : connections) {
      for (int bytes : quick ? List.of(1) : List.of(1, 4096)) {
        String benchmark = name + " connections=" + number + " bytes=" + bytes;
        var args =
            new ArrayList<Object>(List.of(virtual, number, bytes, quick ? 1 : 6, quick ? 1 : 15));
        args.addAll(wires);
        for (String line : Experiment.inFreshJvm(JVM, Echo.class, args.toArray())) {
          scores.addAll(parse(benchmark, line.split(" ", -1)));
        }
      }
    }
    return scores;
  }

  private static List<Score> parse(String benchmark, String[] found) {
    Wire wire = Wire.valueOf(found[0]);
    String who = wire.name().toLowerCase(Locale.ROOT).replace("_socket", "");
    Optional<String> less =
        switch (wire) {
          case AGAIN -> Optional.of("is plain once more: the noise");
          case DEADLINE -> Optional.of("is Desist with a deadline for each exchange");
          case TIMEOUT -> Optional.of("is Desist with a token and its deadline for each exchange");
          default -> Optional.empty();
        };
    return List.of(
        new Score(
            benchmark,
            who,
            less,
            "ns/message",
            Double.parseDouble(found[1]),
            Double.parseDouble(found[3])),
        new Score(
            benchmark + ", processor",
            who,
            less,
            "ns/message",
            Double.parseDouble(found[2]),
            Double.NaN));
  }

  // ---- in the client's process ----

  /** What a turn has brought, for each message. */
  private record Turn(double nanos, double processor, double bytes) {}

  /**
   * Measures all contestants.
   *
   * @param args whether on virtual threads, how many connections, bytes in a message, turns to warm
   *     up and to measure, then the contestants
   */
  public static void main(String[] args) throws Exception {
    boolean virtual = Boolean.parseBoolean(args[0]);
    int number = Integer.parseInt(args[1]);
    int bytes = Integer.parseInt(args[2]);
    int warmups = Integer.parseInt(args[3]);
    int measured = Integer.parseInt(args[4]);
    List<Wire> wires = Arrays.stream(args).skip(5).map(Wire::valueOf).toList();
    ThreadFactory threads = virtual ? Thread.ofVirtual().factory() : Thread.ofPlatform().factory();
    try (Server server = Server.start();
        CancellationSource above = CancellationSource.create()) {
      var contestants = new ArrayList<Contestant>();
      for (Wire wire : wires) {
        contestants.add(new Contestant(wire, open(wire, server, above.token(), number, bytes)));
      }
      for (int cycle = 0; cycle < warmups + measured; cycle++) {
        for (int i = 0; i < wires.size(); i++) {
          Contestant next = contestants.get((cycle + i) % wires.size());
          Turn turn = new Round(next.connections).run(threads);
          if (cycle >= warmups) {
            next.turns.add(turn);
          }
        }
      }
      for (Contestant each : contestants) {
        System.out.println(each);
        for (Connection connection : each.connections) {
          connection.close();
        }
      }
    }
  }

  private static List<Connection> open(
      Wire wire, Server server, CancellationToken above, int number, int bytes) throws IOException {
    var opened = new ArrayList<Connection>(number);
    for (int i = 0; i < number; i++) {
      opened.add(wire.open(server, above, bytes));
    }
    return opened;
  }

  /** Who takes part, and what came of it. */
  private record Contestant(Wire wire, List<Connection> connections, List<Turn> turns) {
    Contestant(Wire wire, List<Connection> connections) {
      this(wire, connections, new ArrayList<>());
    }

    @Override
    public String toString() {
      return wire.name()
          + ' '
          + median(Turn::nanos)
          + ' '
          + median(Turn::processor)
          + ' '
          + median(Turn::bytes);
    }

    private double median(ToDoubleFunction<Turn> value) {
      double[] sorted = turns.stream().mapToDouble(value).sorted().toArray();
      return sorted[sorted.length / 2];
    }
  }

  /** All connections of one contestant, for one turn. */
  private static final class Round {
    private final List<Connection> connections;
    private volatile boolean over;

    Round(List<Connection> connections) {
      this.connections = connections;
    }

    Turn run(ThreadFactory threads) throws Exception {
      var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
      var memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long processor = system.getProcessCpuTime();
      long bytes = memory.getTotalThreadAllocatedBytes();
      long start = System.nanoTime();
      double messages = 0;
      try (ExecutorService executor = Executors.newThreadPerTaskExecutor(threads)) {
        var all = new ArrayList<Future<Long>>(connections.size());
        for (Connection connection : connections) {
          all.add(executor.submit(talk(connection)));
        }
        LockSupport.parkNanos(TURN);
        over = true;
        for (Future<Long> each : all) {
          messages += each.get();
        }
      }
      return new Turn(
          (System.nanoTime() - start) / messages,
          (system.getProcessCpuTime() - processor) / messages,
          (memory.getTotalThreadAllocatedBytes() - bytes) / messages);
    }

    private Callable<Long> talk(Connection connection) {
      return () -> {
        long messages = 0;
        while (!over) {
          connection.exchange().run();
          messages++;
        }
        return messages;
      };
    }
  }
}
