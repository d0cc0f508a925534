import com.google.googlejavaformat.java.Formatter;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Checks ("check") or applies ("apply") the format of every Java file below the working folder. */
final class Format {
  private static final Set<String> SKIPPED = Set.of("target", ".git", "node_modules");

  public static void main(String[] args) throws Exception {
    boolean apply = args.length == 1 && args[0].equals("apply");
    List<Path> wrong =
        javaFiles().parallelStream().filter(file -> !isFormatted(file, apply)).toList();
    wrong.forEach(file -> System.out.println((apply ? "formatted " : "not formatted: ") + file));
    if (!apply && !wrong.isEmpty()) {
      System.out.println("Run ./format to format " + wrong.size() + " file(s).");
      System.exit(1);
    }
  }

  private static boolean isFormatted(Path file, boolean apply) {
    try {
      var formatter = new Formatter();
      String before = Files.readString(file);
      String after = formatter.formatSourceAndFixImports(before);
      if (apply && !after.equals(before)) {
        // Twice: a comment that moves to a line of its own is wrapped by the second pass only.
        Files.writeString(file, formatter.formatSourceAndFixImports(after));
      }
      return after.equals(before);
    } catch (Exception e) {
      throw new IllegalStateException(file.toString(), e);
    }
  }

  private static List<Path> javaFiles() throws IOException {
    var files = new ArrayList<Path>();
    Files.walkFileTree(
        Path.of(""),
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return SKIPPED.contains(folder.getFileName().toString())
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.toString().endsWith(".java")) {
              files.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    files.sort(null);
    return files;
  }
}
