package dev.desist.failing;

import dev.desist.Cancellation;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * An OutOfMemoryError comes before an operation, or nothing of it is left half done: each
 * allocation of each is failed once, on its own thread, there with those that follow, and on the
 * threads that do the rest.
 *
 * <p>Nothing is really short of memory: copies of the classes call us before each allocation. So
 * each fails at the same place each time, also what a collection would have made possible, and
 * nothing else does.
 */
class FailingAllocationsTest {
  @TempDir Path directory = Path.of("");

  @Test
  @Timeout(600)
  void each_operation_without_memory() throws Exception {
    Path classes =
        Path.of(Cancellation.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Path own = Files.createDirectory(directory.resolve("own"));
    Path jdk = Files.createDirectory(directory.resolve("jdk"));
    AllocationPoints.copy(classes, own);
    AllocationPoints.copyJdk(jdk);
    String path = own + File.pathSeparator + System.getProperty("java.class.path");
    List<String> flags =
        List.of("-XX:TieredStopAtLevel=1", "--patch-module", "java.base=" + jdk, "-cp", path);
    Child.runAll(
        List.of(
            new Child(flags, "ONE", "root", "scope", "concurrent", "stream", "io"),
            new Child(flags, "SEVERAL", "root", "scope", "concurrent", "stream", "io"),
            new Child(flags, "ANOTHER_THREADS", "root", "scope", "concurrent", "stream")));
  }
}
