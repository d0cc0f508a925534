package dev.desist.examples.searchdesk;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Zips to search in tests. */
final class Sources {
  /** Databases of big sources live here from one run to the next, as a user's do. */
  static final Path CACHE = Path.of("target/test-cache").toAbsolutePath();

  private static final List<String> WORDS =
      List.of(
          "cancel",
          "complete",
          "CompletableFuture",
          "concurrent",
          "context",
          "callback",
          "clock",
          "cycle",
          "Condition",
          "count");

  private Sources() {}

  /** {@return one that takes long to scan: the sources of the JDK, else as many generated lines} */
  static Path big() throws IOException {
    Path real = Path.of(System.getProperty("java.home"), "lib/src.zip");
    if (Files.isReadable(real) && !Boolean.getBoolean("desist.desk.generated")) {
      return real;
    }
    Path generated = CACHE.resolve("generated.zip");
    if (!Files.exists(generated)) {
      Files.createDirectories(CACHE);
      Path draft = CACHE.resolve("generated.zip.new");
      generate(draft, 2_500, 1_000);
      Files.move(draft, generated);
    }
    return generated;
  }

  /** Writes files of generated lines, always the same. */
  static void generate(Path zip, int files, int linesPerFile) throws IOException {
    var random = new Random(42);
    try (OutputStream file = Files.newOutputStream(zip);
        var out = new ZipOutputStream(file)) {
      out.setLevel(1);
      for (int i = 0; i < files; i++) {
        out.putNextEntry(new ZipEntry("generated/part%d/File%04d.java".formatted(i % 7, i)));
        var text = new StringBuilder();
        for (int line = 1; line <= linesPerFile; line++) {
          text.append("line ").append(line);
          for (int word = 0; word < 9; word++) {
            text.append(' ').append(WORDS.get(random.nextInt(WORDS.size())));
          }
          text.append('\n');
        }
        out.write(text.toString().getBytes(StandardCharsets.UTF_8));
        out.closeEntry();
      }
    }
  }

  /** Writes these files. */
  static void write(Path zip, Map<String, byte[]> files) throws IOException {
    try (OutputStream file = Files.newOutputStream(zip);
        var out = new ZipOutputStream(file)) {
      for (String name : new ArrayList<>(files.keySet())) {
        out.putNextEntry(new ZipEntry(name));
        out.write(files.get(name));
        out.closeEntry();
      }
    }
  }

  /** {@return the complete database of a source} */
  static Database indexed(Path zip, Path cache) throws Exception {
    try (Source source = Source.of(zip)) {
      List<Source.Entry> files = source.files();
      var database = new Database(cache, zip, source.stamp(files));
      new Indexer(source, files, database)
          .run(dev.desist.CancellationToken.none(), _ -> {}, _ -> {});
      return database;
    }
  }
}
