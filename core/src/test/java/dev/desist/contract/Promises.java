package dev.desist.contract;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * Who keeps which promise, and who shows that.
 *
 * <p>Main code cites a promise as {@code (promise 7)}, or {@code (promises 7 and 9)}, in a comment;
 * the keeper is the member that the comment is in, or else the one that follows it. In the comment
 * at the head of a class, it is the class. A test has the number in its name, {@code
 * promise7_it_runs_once}; what looks for races, in the first words of its documentation.
 *
 * @param texts of the promises, from the page
 * @param keepers members of main code
 * @param tests classes of JUnit tests
 * @param races classes of jcstress and of model checks
 */
record Promises(
    TreeMap<Integer, String> texts,
    TreeMap<Integer, Set<String>> keepers,
    TreeMap<Integer, Set<String>> tests,
    TreeMap<Integer, Set<String>> races) {
  private static final Pattern PROMISE = Pattern.compile("(?m)^(\\d+)\\. (.*)$");
  private static final Pattern CITED = Pattern.compile("\\(promises?((?:[\\s*/,]|and|\\d)+)\\)");
  private static final Pattern IN_NAME =
      Pattern.compile("void ((?:promise\\d+_)+|promises(?:_\\d+)+_)");
  private static final Pattern IN_DOC =
      Pattern.compile("/\\*\\*[\\s*]*Promises? ((?:[\\s*,]|and|\\d)+)");
  private static final Pattern NUMBER = Pattern.compile("\\d+");

  static Promises read(Path root) throws IOException {
    var promises = new Promises(new TreeMap<>(), new TreeMap<>(), new TreeMap<>(), new TreeMap<>());
    String page = Files.readString(root.resolve("docs/design.md"));
    String section =
        page.substring(page.indexOf("\n## Promises\n"), page.indexOf("\n## Decisions in small"));
    PROMISE
        .matcher(section)
        .results()
        .forEach(each -> promises.texts.put(Integer.valueOf(each.group(1)), each.group(2)));
    for (Path file : sources(root, "core", "integrations", "testkit")) {
      String text = Files.readString(file);
      if (file.toString().contains("/src/main/java/")) {
        promises.addKeepers(file, text);
      } else {
        promises.add(promises.tests, IN_NAME, text, file);
      }
    }
    for (Path file : sources(root, "verify")) {
      promises.add(promises.races, IN_DOC, Files.readString(file), file);
      promises.add(promises.races, IN_NAME, Files.readString(file), file);
    }
    return promises;
  }

  private static List<Path> sources(Path root, String... parts) throws IOException {
    var found = new ArrayList<Path>();
    for (String part : parts) {
      try (Stream<Path> files = Files.walk(root.resolve(part))) {
        files
            .filter(each -> each.toString().endsWith(".java"))
            .filter(each -> each.toString().contains("/src/"))
            .forEach(found::add);
      }
    }
    found.sort(null);
    return found;
  }

  private void add(TreeMap<Integer, Set<String>> places, Pattern pattern, String text, Path file) {
    String name = file.getFileName().toString().replace(".java", "");
    pattern
        .matcher(text)
        .results()
        .forEach(found -> numbers(found.group(1)).forEach(number -> put(places, number, name)));
  }

  private static List<Integer> numbers(String text) {
    return NUMBER.matcher(text).results().map(each -> Integer.valueOf(each.group())).toList();
  }

  private static void put(TreeMap<Integer, Set<String>> places, int number, String place) {
    places.computeIfAbsent(number, _ -> new TreeSet<>()).add(place);
  }

  // ---- keepers ----

  private void addKeepers(Path file, String text) throws IOException {
    Matcher cited = CITED.matcher(text);
    if (!cited.find()) {
      return;
    }
    var compiler = ToolProvider.getSystemJavaCompiler();
    try (var files = compiler.getStandardFileManager(null, null, null)) {
      var task =
          (JavacTask)
              compiler.getTask(null, files, null, List.of(), null, files.getJavaFileObjects(file));
      CompilationUnitTree unit = task.parse().iterator().next();
      SourcePositions at = Trees.instance(task).getSourcePositions();
      var type = (ClassTree) unit.getTypeDecls().getFirst();
      do {
        String keeper = keeper(unit, at, type, text, cited.start(), null);
        numbers(cited.group(1)).forEach(number -> put(keepers, number, keeper));
      } while (cited.find());
    }
  }

  private static String keeper(
      CompilationUnitTree unit,
      SourcePositions at,
      ClassTree type,
      String text,
      int cited,
      @Nullable String outer) {
    String name = (outer == null ? "" : outer + '.') + type.getSimpleName();
    if (cited < at.getStartPosition(unit, type)) {
      return name;
    }
    for (Tree member : type.getMembers()) {
      if (at.getEndPosition(unit, member) < cited) {
        continue;
      }
      boolean inside = at.getStartPosition(unit, member) <= cited;
      if (!inside && isHead(text, cited)) {
        return name;
      }
      if (member instanceof ClassTree nested) {
        return keeper(unit, at, nested, text, cited, name);
      }
      if (member instanceof MethodTree method) {
        return name + '.' + (method.getName().contentEquals("<init>") ? "new" : method.getName());
      }
      if (member instanceof VariableTree field) {
        return name + '.' + field.getName();
      }
    }
    return name;
  }

  /** Whether this is in a comment that is neither documentation nor one line. */
  private static boolean isHead(String text, int cited) {
    int open = text.lastIndexOf("/*", cited);
    return open >= 0 && text.indexOf("*/", open) > cited && text.charAt(open + 2) != '*';
  }

  // ---- the table ----

  String table() {
    var table = new StringBuilder();
    table.append(
        "| promise | is kept by | is shown by | and beside others by |\n|---|---|---|---|\n");
    texts.forEach(
        (number, text) ->
            table.append(
                "| %d. %s | %s | %s | %s |\n"
                    .formatted(
                        number,
                        brief(text),
                        all(keepers, number),
                        all(tests, number),
                        all(races, number))));
    return table.toString();
  }

  /** Its first clause. */
  private static String brief(String text) {
    return text.split("[:;.](?= |$)", 2)[0];
  }

  private static String all(TreeMap<Integer, Set<String>> places, int number) {
    return places.getOrDefault(number, Set.of()).stream()
        .map(place -> '`' + place + '`')
        .collect(Collectors.joining(", "));
  }
}
