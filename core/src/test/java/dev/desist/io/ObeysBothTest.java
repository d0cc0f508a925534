package dev.desist.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.support.Threads;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every call of this package that is given a token obeys that, and the current one: see decision
 * 12.
 */
class ObeysBothTest {
  /** A call, with what it needs made anew. */
  private interface Case {
    Object call(CancellationToken token) throws Exception;
  }

  private interface Reading {
    Object from(CancellableInputStream in) throws Exception;
  }

  @TempDir Path directory;

  /** Those that wait for ever if nothing ends them. */
  private Map<String, Case> waits() {
    var waits = new LinkedHashMap<String, Case>();
    waits.put("read", token -> reading(in -> in.read(token)));
    waits.put("read into an array", token -> reading(in -> in.read(token, new byte[2])));
    waits.put("read into a part", token -> reading(in -> in.read(token, new byte[2], 0, 1)));
    waits.put("readNBytes", token -> reading(in -> in.readNBytes(token, 3)));
    waits.put("readAllBytes", token -> reading(in -> in.readAllBytes(token)));
    waits.put(
        "readLine",
        token -> reading(in -> String.valueOf(in.lines(StandardCharsets.UTF_8).readLine(token))));
    waits.put(
        "take",
        token -> {
          try (var watch = DirectoryWatch.of(directory)) {
            return watch.take(token);
          }
        });
    waits.put(
        "poll",
        token -> {
          try (var watch = DirectoryWatch.of(directory)) {
            return watch.poll(token, Duration.ofDays(1));
          }
        });
    waits.put(
        "copy a stream", token -> reading(in -> CancellableFiles.copy(token, in, file("copy"))));
    waits.put("run", token -> CancellableProcess.run(token, new ProcessBuilder("sleep", "1000")));
    waits.put(
        "waitFor",
        token -> {
          try (var process = CancellableProcess.start(new ProcessBuilder("sleep", "1000"))) {
            return process.waitFor(token);
          }
        });
    return waits;
  }

  /** Those that are soon over, whatever happens. */
  private Map<String, Case> works() {
    var works = new LinkedHashMap<String, Case>();
    works.put("copy a file", token -> CancellableFiles.copy(token, file("source"), file("target")));
    works.put(
        "copy to a stream",
        token -> CancellableFiles.copy(token, file("source"), new ByteArrayOutputStream()));
    works.put(
        "copy from a stream",
        token ->
            CancellableFiles.copy(
                token, new ByteArrayInputStream(new byte[3]), file("from a stream")));
    works.put(
        "readAllBytes of a file", token -> CancellableFiles.readAllBytes(token, file("source")));
    works.put("readString", token -> CancellableFiles.readString(token, file("source")));
    works.put(
        "readString of a charset",
        token -> CancellableFiles.readString(token, file("source"), StandardCharsets.US_ASCII));
    works.put("write", token -> CancellableFiles.write(token, file("written"), new byte[3]));
    works.put(
        "write a content",
        token -> CancellableFiles.write(token, file("content"), out -> out.write(1)));
    works.put("writeString", token -> CancellableFiles.writeString(token, file("text"), "text"));
    works.put(
        "writeString in a charset",
        token ->
            CancellableFiles.writeString(token, file("text"), "text", StandardCharsets.US_ASCII));
    works.put(
        "walk",
        token -> {
          try (var paths = CancellableFiles.walk(token, directory)) {
            return paths.count();
          }
        });
    works.put(
        "walkFileTree",
        token -> CancellableFiles.walkFileTree(token, directory, new SimpleFileVisitor<>() {}));
    return works;
  }

  private Path file(String name) {
    return directory.resolve(name);
  }

  /** Gives nothing until it is closed. */
  private static final class Silent extends InputStream {
    private final CountDownLatch closed = new CountDownLatch(1);

    @Override
    public int read() throws IOException {
      try {
        closed.await();
      } catch (InterruptedException e) {
        throw new InterruptedIOException();
      }
      return -1;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      return read();
    }

    @Override
    public void close() {
      closed.countDown();
    }
  }

  private static Object reading(Reading reading) throws Exception {
    try (var in = CancellableInputStream.pumping(new Silent())) {
      return reading.from(in);
    }
  }

  private static void endsFor(CancellationSource source, Throwable thrown) {
    assertEquals(
        source.token().reason(),
        CancelledException.find(thrown).map(CancelledException::reason),
        thrown::toString);
  }

  @TestFactory
  Stream<DynamicTest> while_it_waits() {
    return waits().entrySet().stream()
        .flatMap(
            each ->
                Stream.of(true, false)
                    .map(
                        current ->
                            dynamicTest(
                                each.getKey() + (current ? ", current" : ", given"),
                                () -> endsWhileItWaits(each.getValue(), current))));
  }

  private static void endsWhileItWaits(Case wait, boolean byCurrent) throws Exception {
    var current = CancellationSource.create("current");
    var given = CancellationSource.create("given");
    var call =
        Threads.VIRTUAL.start(
            () -> Cancellation.call(current.token(), () -> wait.call(given.token())));
    call.awaitParked();
    CancellationSource ends = byCurrent ? current : given;
    ends.cancel(byCurrent ? "current" : "given");
    endsFor(ends, call.failure());
  }

  @TestFactory
  Stream<DynamicTest> before_it_begins() throws Exception {
    Files.writeString(file("source"), "text");
    var all = new LinkedHashMap<>(waits());
    all.putAll(works());
    return all.entrySet().stream()
        .flatMap(
            each ->
                Stream.of(CancellationToken.none(), CancellationSource.create().token())
                    .map(
                        given ->
                            dynamicTest(
                                each.getKey() + ", " + given,
                                () -> doesNotBegin(each.getValue(), given))));
  }

  private void doesNotBegin(Case call, CancellationToken given) throws Exception {
    Files.writeString(file("source"), "text");
    var current = CancellationSource.create("current");
    current.cancel("gone");
    endsFor(
        current,
        assertThrows(
            Exception.class, () -> Cancellation.call(current.token(), () -> call.call(given))));
    assertFalse(Files.exists(file("target")));
  }

  @TestFactory
  Stream<DynamicTest> in_a_shield_the_current_one_is_not_seen() throws Exception {
    return works().entrySet().stream()
        .map(each -> dynamicTest(each.getKey(), () -> worksInAShield(each.getValue())));
  }

  private void worksInAShield(Case work) throws Exception {
    Files.writeString(file("source"), "text");
    var current = CancellationSource.create("current");
    current.cancel("gone");
    assertInstanceOf(
        Object.class,
        Cancellation.call(
            current.token(),
            () -> Cancellation.shielded(() -> work.call(CancellationToken.none()))));
  }
}
