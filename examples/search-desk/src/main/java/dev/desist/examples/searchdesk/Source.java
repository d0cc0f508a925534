package dev.desist.examples.searchdesk;

import dev.desist.Cancellation;
import dev.desist.io.CancellableFiles;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ProviderNotFoundException;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A tree of text files to search: a zip, a folder, or the class files of the running JDK.
 *
 * <p>The order of {@link #files()} is fixed for a given {@link #stamp}, so that reading can go on
 * where it stopped.
 */
final class Source implements AutoCloseable {
  /** Larger files are left out: nobody reads them, and a line must fit into memory. */
  private static final long LARGEST_FILE = 32L << 20;

  private final Path location;
  private final Path root;
  private final Optional<FileSystem> opened;
  private final String title;
  private final boolean classes;

  private Source(
      Path location, Path root, Optional<FileSystem> opened, String title, boolean classes) {
    this.location = location;
    this.root = root;
    this.opened = opened;
    this.title = title;
    this.classes = classes;
  }

  /** One file of a source: its path in it, with slashes, and what it weighs. */
  record Entry(String path, long size, long modified) {}

  /** {@return the sources of the running JDK, or its class names and members if it has none} */
  static Source ofRunningJdk() throws IOException {
    Path zip = Path.of(System.getProperty("java.home"), "lib", "src.zip");
    return Files.isReadable(zip) ? zip(zip, jdk() + " src.zip") : classesOfRunningJdk();
  }

  /** {@return the class names and members of the running JDK} */
  static Source classesOfRunningJdk() {
    Path modules = Path.of(System.getProperty("java.home"), "lib", "modules");
    Path root = FileSystems.getFileSystem(URI.create("jrt:/")).getPath("/modules");
    return new Source(modules, root, Optional.empty(), jdk() + " class names", true);
  }

  private static String jdk() {
    return "JDK " + Runtime.version().feature();
  }

  /**
   * {@return a source for this zip or folder}
   *
   * @throws IOException if it is neither, or cannot be read
   */
  static Source of(Path location) throws IOException {
    String name = String.valueOf(location.getFileName());
    return Files.isDirectory(location)
        ? new Source(location, location, Optional.empty(), name, false)
        : zip(location, name);
  }

  private static Source zip(Path zip, String title) throws IOException {
    try {
      FileSystem files = FileSystems.newFileSystem(zip);
      return new Source(zip, files.getPath("/"), Optional.of(files), title, false);
    } catch (ProviderNotFoundException e) {
      throw new IOException("neither a folder nor a zip: " + zip, e);
    }
  }

  /** {@return a few words for people} */
  String title() {
    return title;
  }

  /** {@return where it is; the same for every version of it} */
  Path location() {
    return location;
  }

  /** {@return whether this is only names and members, because the JDK came without sources} */
  boolean isClassesOnly() {
    return classes;
  }

  /** {@return all files, in a fixed order; looked for under the current token} */
  List<Entry> files() throws IOException {
    var entries = new ArrayList<Entry>();
    CancellableFiles.walkFileTree(
        Cancellation.current(),
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            boolean hidden =
                !folder.equals(root) && folder.getFileName().toString().startsWith(".");
            return hidden ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            String path = root.relativize(file).toString().replace('\\', '/');
            if (attributes.isRegularFile()
                && attributes.size() <= LARGEST_FILE
                && (!classes || path.endsWith(".class"))) {
              entries.add(
                  new Entry(path, attributes.size(), attributes.lastModifiedTime().toMillis()));
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException cause) {
            return FileVisitResult.CONTINUE;
          }
        });
    entries.sort(Comparator.comparing(Entry::path));
    return entries;
  }

  /** {@return what changes when the source changes: its size and age, or those of its files} */
  String stamp(List<Entry> files) throws IOException {
    if (Files.isDirectory(location)) {
      return Integer.toHexString(files.hashCode()) + " " + files.size() + " files";
    }
    BasicFileAttributes attributes = Files.readAttributes(location, BasicFileAttributes.class);
    return attributes.size() + " " + attributes.lastModifiedTime();
  }

  /** {@return the lines of a file; none if it is not text} */
  List<String> lines(Entry entry) throws IOException {
    byte[] content = Files.readAllBytes(root.resolve(entry.path()));
    if (classes) {
      return ClassOutline.of(content);
    }
    if (isBinary(content)) {
      return List.of();
    }
    try (var reader =
        new BufferedReader(
            new InputStreamReader(new ByteArrayInputStream(content), StandardCharsets.UTF_8))) {
      return reader.readAllLines();
    }
  }

  private static boolean isBinary(byte[] content) {
    for (int i = 0; i < Math.min(content.length, 8_000); i++) {
      if (content[i] == 0) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() throws IOException {
    if (opened.isPresent()) {
      opened.get().close();
    }
  }
}
