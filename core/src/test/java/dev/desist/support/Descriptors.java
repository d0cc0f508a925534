package dev.desist.support;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How many descriptors this process holds, where the system tells. */
public final class Descriptors {
  private static final Path OPEN = Path.of("/proc/self/fd");

  private Descriptors() {}

  public static long count() {
    assumeTrue(Files.isDirectory(OPEN), "only Linux lists its descriptors");
    try (var all = Files.list(OPEN)) {
      return all.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Comes back when there are no more than before. */
  public static void awaitAtMost(long before) {
    await("descriptors come back").until(() -> count() <= before);
  }
}
