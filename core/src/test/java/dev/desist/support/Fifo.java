package dev.desist.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;

/** Named pipes, where there are some. */
public final class Fifo {
  private Fifo() {}

  public static Path make(Path directory, String name) throws Exception {
    assumeTrue(System.getProperty("os.name").equals("Linux"), "named pipes are made by mkfifo");
    Path path = directory.resolve(name);
    assertEquals(0, new ProcessBuilder("mkfifo", path.toString()).inheritIO().start().waitFor());
    return path;
  }
}
