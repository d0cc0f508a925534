package dev.desist.io;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.Deadline;
import dev.desist.failing.Step;
import dev.desist.failing.Walk;
import dev.desist.net.CancellableServerSocketChannel;
import dev.desist.support.Ends;
import dev.desist.testkit.ManualTime;
import java.io.ByteArrayInputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** Operations of this package, to be failed in each step. */
public final class IoSteps {
  private IoSteps() {}

  /** Walks over all of them. */
  public static void walk(Walk walk) throws Exception {
    Path directory = Files.createTempDirectory("end-of-stack");
    try {
      walk.over("read in a selector", new Reading(null));
      walk.over("read at the loop", new Reading(new ManualTime()));
      walk.over("accept", new Accepting());
      walk.over("pump", new Pumping(false));
      walk.over("pump several", new Pumping(true));
      walk.over("lines", new Lines());
      walk.over("write", new Writing(directory));
      walk.over("copy", new Copying(directory));
      walk.over("watch", new Watching(Files.createDirectory(directory.resolve("watched"))));
      walk.over("process", new Running());
    } finally {
      try (var all = Files.walk(directory)) {
        for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(each);
        }
      }
    }
  }

  private static void equal(Object expected, Object found) {
    if (!expected.equals(found)) {
      throw new AssertionError("expected " + expected + ", found " + found);
    }
  }

  /** Waits for a moment, and reads then. */
  private static final class Reading implements Step {
    private final Ends ends = Ends.connect(Ends.loopback());
    private final @Nullable ManualTime time;
    private final CancellationSource source = CancellationSource.create();

    Reading(@Nullable ManualTime time) throws Exception {
      this.time = time;
    }

    @Override
    public void prepare() {}

    @Override
    public void run() throws Exception {
      Deadline deadline = Deadline.after(Duration.ofMillis(1));
      Callable<Integer> read =
          () -> ends.mine().read(source.token(), ByteBuffer.allocate(1), deadline);
      try {
        Integer _ = time == null ? read.call() : time.call(read::call);
        throw new AssertionError("nothing is there to read");
      } catch (SocketTimeoutException e) {
        // as it should be
      }
    }

    @Override
    public void check(boolean done) throws Exception {
      ends.other().write(ByteBuffer.wrap(new byte[] {7}));
      ByteBuffer buffer = ByteBuffer.allocate(2);
      Callable<Integer> read =
          () ->
              ends.mine()
                  .read(CancellationToken.none(), buffer, Deadline.after(Duration.ofSeconds(20)));
      equal(1, Objects.requireNonNull(time == null ? read.call() : time.call(read::call)));
      equal((byte) 7, buffer.get(0));
    }
  }

  private static final class Accepting implements Step {
    private final CancellableServerSocketChannel server =
        CancellableServerSocketChannel.open(Ends.loopback());
    private final CancellationSource source = CancellationSource.create();
    private SocketChannel client = SocketChannel.open();

    Accepting() throws Exception {}

    @Override
    public void prepare() throws Exception {
      client = SocketChannel.open(server.localAddress());
    }

    @Override
    public void run() throws Exception {
      try (var accepted = server.accept(source.token())) {
        equal(client.getLocalAddress(), Objects.requireNonNull(accepted.remoteAddress()));
      }
    }

    @Override
    public void check(boolean done) throws Exception {
      if (!done) { // it was not taken, or taken and closed
        try (var accepted =
            server.accept(CancellationToken.none(), Deadline.after(Duration.ofMillis(20)))) {
          equal(client.getLocalAddress(), Objects.requireNonNull(accepted.remoteAddress()));
        } catch (SocketTimeoutException e) {
          client.configureBlocking(false);
          equal(-1, client.read(ByteBuffer.allocate(1)));
        }
      }
      client.close();
    }
  }

  private static final class Pumping implements Step {
    private final boolean several;
    private CancellableInputStream in = make();

    Pumping(boolean several) {
      this.several = several;
    }

    private static CancellableInputStream make() {
      return CancellableInputStream.pumping(new ByteArrayInputStream("abcd".getBytes(UTF_8)), 3);
    }

    @Override
    public void prepare() {
      in = make();
    }

    @Override
    public void run() throws Exception {
      if (several) {
        equal(2, in.readNBytes(CancellationToken.none(), 2).length);
      } else {
        equal((int) 'a', in.read(CancellationToken.none()));
      }
    }

    @Override
    public void check(boolean done) throws Exception {
      String rest = !done ? "abcd" : several ? "cd" : "bcd";
      equal(rest, new String(in.readAllBytes(CancellationToken.none()), UTF_8));
      in.close();
    }
  }

  private static final class Lines implements Step {
    private CancellableLineReader lines = make();

    private static CancellableLineReader make() {
      return CancellableInputStream.pumping(new ByteArrayInputStream("a\nb\n".getBytes(UTF_8)))
          .lines(UTF_8);
    }

    @Override
    public void prepare() {
      lines = make();
    }

    @Override
    public void run() throws Exception {
      equal("a", Objects.requireNonNull(lines.readLine(CancellationToken.none())));
    }

    @Override
    public void check(boolean done) throws Exception {
      String next = Objects.requireNonNull(lines.readLine(CancellationToken.none()));
      equal(done ? "b" : "a", next);
      lines.close();
    }
  }

  private static void isOneOf(Path directory, String before, String after, boolean done)
      throws Exception {
    String found = Files.readString(directory.resolve("target"));
    if (!found.equals(after)) {
      equal(before, found);
      equal(false, done);
    }
    try (var all = Files.list(directory)) {
      List<String> parts = all.map(Path::toString).filter(each -> each.endsWith(".part")).toList();
      equal(List.of(), parts);
    }
  }

  private record Writing(Path directory) implements Step {
    @Override
    public void prepare() throws Exception {
      Files.writeString(directory.resolve("target"), "old");
    }

    @Override
    public void run() throws Exception {
      CancellableFiles.writeString(CancellationToken.none(), directory.resolve("target"), "new");
    }

    @Override
    public void check(boolean done) throws Exception {
      isOneOf(directory, "old", "new", done);
    }
  }

  private record Copying(Path directory) implements Step {
    @Override
    public void prepare() throws Exception {
      Files.writeString(directory.resolve("source"), "new");
      Files.deleteIfExists(directory.resolve("target"));
    }

    @Override
    public void run() throws Exception {
      CancellableFiles.copy(
          CancellationToken.none(), directory.resolve("source"), directory.resolve("target"));
    }

    @Override
    public void check(boolean done) throws Exception {
      if (!done && !Files.exists(directory.resolve("target"))) {
        Files.writeString(directory.resolve("target"), "");
      }
      isOneOf(directory, "", "new", done);
    }
  }

  private static final class Watching implements Step {
    private final Path directory;
    private DirectoryWatch watch;

    Watching(Path directory) throws Exception {
      this.directory = directory;
      watch = DirectoryWatch.of(directory);
    }

    @Override
    public void prepare() throws Exception {
      watch.close();
      watch = DirectoryWatch.of(directory);
    }

    @Override
    public void run() throws Exception {
      watch.poll(CancellationToken.none(), Duration.ofMillis(1));
    }

    @Override
    public void check(boolean done) throws Exception {
      Path file = directory.resolve("file");
      if (Files.deleteIfExists(file)) {
        equal(DirectoryWatch.Kind.DELETED, next());
      }
      Files.createFile(file);
      equal(DirectoryWatch.Kind.CREATED, next());
    }

    private DirectoryWatch.Kind next() throws Exception {
      return watch.poll(CancellationToken.none(), Duration.ofSeconds(20)).getFirst().kind();
    }
  }

  private static final class Running implements Step {
    @Override
    public void prepare() {}

    @Override
    public void run() throws Exception {
      equal(
          "x\n",
          CancellableProcess.run(CancellationToken.none(), new ProcessBuilder("echo", "x"))
              .output());
    }

    @Override
    public void check(boolean done) {
      ProcessHandle.current().children().forEach(each -> each.onExit().join());
    }
  }
}
