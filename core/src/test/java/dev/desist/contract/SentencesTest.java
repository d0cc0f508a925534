package dev.desist.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.AnnotatedElement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Holds the API documentation and its tests together. Each sentence of a public type that says what
 * may, never, always, only, once or not be is named by a test, with {@link Says}; and what a test
 * names is still said. Whoever changes a sentence changes its test, or is told.
 *
 * <p>A sentence here ends at a full stop, a semicolon, or the end of its paragraph or tag; links
 * and other markup are gone. A test names it by any part of it. One part may name several sentences
 * that say the same, such as those of a method in two forms.
 */
public class SentencesTest {
  /** What makes a sentence a promise. */
  private static final Pattern PROMISE =
      Pattern.compile("(?i)\\b(may|never|once|at most|only|alone|always|not|before|after)\\b");

  /** The type whose documentation the tests of a class are about. */
  @Retention(RetentionPolicy.RUNTIME)
  @Target(ElementType.TYPE)
  public @interface Of {
    /** {@return the type} */
    Class<?> value();
  }

  /** What a test shows: sentences of the type that its class, or this, is about. */
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.METHOD, ElementType.TYPE})
  @Repeatable(All.class)
  public @interface Says {
    /** {@return the sentences, or parts of them} */
    String[] value();

    /** {@return whose, if not of the type that the class is about} */
    Class<?> of() default void.class;

    /** {@return on a class: the tests that show them, as Class.method} */
    String[] by() default {};

    /** {@return on a class: whether they are advice, or terms, and no promise} */
    boolean advice() default false;
  }

  /** Several. */
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.METHOD, ElementType.TYPE})
  public @interface All {
    /** {@return these} */
    Says[] value();
  }

  @ParameterizedTest
  @ValueSource(strings = {".", "scope", "concurrent", "stream", "io", "net", "shutdown"})
  void every_promise_has_a_test(String room) throws IOException {
    var unheld = new LinkedHashSet<String>();
    Map<String, Set<String>> named = named();
    sentences(room)
        .forEach(
            (type, sentences) -> {
              Set<String> parts = named.getOrDefault(type, Set.of());
              for (String sentence : sentences) {
                if (PROMISE.matcher(sentence).find()
                    && parts.stream().noneMatch(sentence::contains)) {
                  unheld.add(type + ": " + sentence);
                }
              }
            });
    assertEquals("", String.join("\n", unheld));
  }

  @ParameterizedTest
  @ValueSource(strings = {".", "scope", "concurrent", "stream", "io", "net", "shutdown"})
  void what_a_test_names_is_said(String room) throws IOException {
    var unsaid = new ArrayList<String>();
    Map<String, Set<String>> named = named();
    sentences(room)
        .forEach(
            (type, sentences) -> {
              for (String part : named.getOrDefault(type, Set.of())) {
                if (sentences.stream().noneMatch(sentence -> sentence.contains(part))) {
                  unsaid.add(type + ": " + part);
                }
              }
            });
    assertEquals("", String.join("\n", unsaid));
  }

  @Test
  void tests_elsewhere_exist() throws IOException {
    var known = new TreeSet<String>();
    var cited = new TreeSet<String>();
    for (Class<?> type : testClasses()) {
      for (var method : type.getDeclaredMethods()) {
        known.add(type.getSimpleName() + '.' + method.getName());
      }
      for (Says says : type.getAnnotationsByType(Says.class)) {
        assertEquals(says.by().length == 0, says.advice(), () -> type + ": " + says);
        cited.addAll(Arrays.asList(says.by()));
      }
    }
    cited.removeAll(known);
    assertEquals(Set.of(), cited);
  }

  // ---- what the tests name ----

  /** By the name of the type, the parts of sentences that tests name. */
  private static Map<String, Set<String>> named() throws IOException {
    var named = new LinkedHashMap<String, Set<String>>();
    for (Class<?> tests : testClasses()) {
      Of of = tests.getAnnotation(Of.class);
      Stream.<AnnotatedElement>concat(
              Stream.of(tests),
              Arrays.stream(tests.getDeclaredMethods()).filter(SentencesTest::runs))
          .flatMap(element -> Arrays.stream(element.getAnnotationsByType(Says.class)))
          .forEach(
              says -> {
                Class<?> type = says.of() == void.class && of != null ? of.value() : says.of();
                named
                    .computeIfAbsent(type.getCanonicalName(), _ -> new LinkedHashSet<>())
                    .addAll(Arrays.asList(says.value()));
              });
    }
    return named;
  }

  /** Whether this is a test, and not one that is left out. */
  private static boolean runs(AnnotatedElement method) {
    var names = Arrays.stream(method.getAnnotations()).map(Annotation::annotationType);
    return names.map(Class::getSimpleName).anyMatch(name -> name.endsWith("Test"));
  }

  private static List<Class<?>> testClasses() throws IOException {
    Path root = Path.of(System.getProperty("desist.root"), "core", "target", "test-classes");
    var found = new ArrayList<Class<?>>();
    try (Stream<Path> files = Files.walk(root.resolve("dev"))) {
      for (Path file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
        String name = root.relativize(file).toString().replace('/', '.');
        if (name.contains("Test")) {
          found.add(load(name.substring(0, name.length() - ".class".length())));
        }
      }
    }
    return found;
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(name, false, SentencesTest.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  // ---- what the documentation says ----

  /** The sentences of each public type of a package, by its name. */
  private static Map<String, List<String>> sentences(String room) throws IOException {
    Path root = Path.of(System.getProperty("desist.root"), "core", "src", "main", "java");
    var compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler());
    var sentences = new LinkedHashMap<String, List<String>>();
    try (var manager = compiler.getStandardFileManager(null, null, null);
        Stream<Path> files = Files.list(root.resolve("dev/desist").resolve(room))) {
      List<Path> sources = files.filter(path -> path.toString().endsWith(".java")).toList();
      var units = manager.getJavaFileObjectsFromPaths(sources);
      var task = (JavacTask) compiler.getTask(null, manager, _ -> {}, null, null, units);
      var scanner = new DocScanner(DocTrees.instance(task), sentences);
      for (var unit : task.parse()) {
        scanner.scan(unit, null);
      }
    }
    return sentences;
  }

  /** Goes through what users of a type see. */
  private static final class DocScanner extends TreePathScanner<@Nullable Void, @Nullable Void> {
    private final DocTrees docs;
    private final Map<String, List<String>> sentences;
    private final List<String> enclosing = new ArrayList<>();

    /** Of a type whose members are public without saying so. */
    private boolean open;

    DocScanner(DocTrees docs, Map<String, List<String>> sentences) {
      this.docs = docs;
      this.sentences = sentences;
    }

    private boolean isVisible(ModifiersTree modifiers) {
      return open
          || modifiers.getFlags().contains(Modifier.PUBLIC)
          || modifiers.getFlags().contains(Modifier.PROTECTED);
    }

    @Override
    public @Nullable Void visitClass(ClassTree type, @Nullable Void nothing) {
      if (!isVisible(type.getModifiers())) {
        return null;
      }
      boolean outer = open;
      enclosing.add(type.getSimpleName().toString());
      read();
      open = type.getKind() == Tree.Kind.INTERFACE;
      super.visitClass(type, null);
      enclosing.removeLast();
      open = outer;
      return null;
    }

    @Override
    public @Nullable Void visitMethod(MethodTree method, @Nullable Void nothing) {
      if (isVisible(method.getModifiers())) {
        read();
      }
      return null; // what is inside is nobody's
    }

    @Override
    public @Nullable Void visitVariable(VariableTree field, @Nullable Void nothing) {
      if (isVisible(field.getModifiers())) {
        read();
      }
      return null;
    }

    private void read() {
      String doc = docs.getDocComment(getCurrentPath());
      String room = getCurrentPath().getCompilationUnit().getPackageName().toString();
      String name = room + '.' + String.join(".", enclosing);
      List<String> known = sentences.computeIfAbsent(name, _ -> new ArrayList<>());
      if (doc != null) {
        known.addAll(split(doc));
      }
    }
  }

  private static List<String> split(String doc) {
    String plain = doc.replaceAll("(?s)\\{@snippet[^}]*}", "").replaceAll("(?m)^ ?@", "<p>@");
    for (String before = ""; !before.equals(plain); ) { // from the inside out
      before = plain;
      plain =
          plain
              .replaceAll("\\{@link(?:plain)?\\s+[^\\s{}]*\\([^)]*\\)\\s+([^{}]+)}", "$1")
              .replaceAll("\\{@link(?:plain)?\\s+(#?[^\\s{}]*\\([^)]*\\))}", "$1")
              .replaceAll("\\{@link(?:plain)?\\s+[^\\s{}()]+\\s+([^{}]+)}", "$1")
              .replaceAll("\\{@(?:linkplain|link|code|literal)\\s+([^{}]+)}", "$1")
              .replaceAll("\\{@return\\s+([^{}]+)}", "$1<p>");
    }
    plain = plain.replaceAll("<h2>.*?</h2>|</?(?:p|ol|ul|li)>", "\0").replaceAll("</?\\w+>", "");
    return Stream.of(plain.split("\0|(?<=[.;])\\s"))
        .map(sentence -> sentence.strip().replaceAll("\\s+", " "))
        .filter(sentence -> !sentence.isEmpty())
        .toList();
  }
}
