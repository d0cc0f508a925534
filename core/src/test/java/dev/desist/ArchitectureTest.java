package dev.desist;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The arrows between packages, and what a token must not be able to do. */
class ArchitectureTest {
  private static final JavaClasses MAIN =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.desist");

  private static final String CELLAR = "dev.desist.internal";

  @Test
  void the_root_does_not_know_the_packages_that_stand_on_it() {
    noClasses()
        .that()
        .resideInAPackage("dev.desist")
        .should()
        .dependOnClassesThat(resideInAPackage("dev.desist.*").and(not(resideInAPackage(CELLAR))))
        .check(MAIN);
  }

  @Test
  void the_packages_on_the_root_do_not_know_each_other() {
    slices()
        .matching("dev.desist.(*)..")
        .should()
        .notDependOnEachOther()
        .ignoreDependency(alwaysTrue(), resideInAPackage(CELLAR))
        .check(MAIN);
  }

  @Test
  void the_cellar_knows_nobody_and_is_not_exported() {
    noClasses()
        .that()
        .resideInAPackage(CELLAR)
        .should()
        .dependOnClassesThat(resideInAPackage("dev.desist..").and(not(resideInAPackage(CELLAR))))
        .check(MAIN);
    assertFalse(
        CancellationToken.class.getModule().isNamed()
            && CancellationToken.class.getModule().isExported(CELLAR));
  }

  @Test
  void no_exported_signature_names_the_cellar() {
    var named = new TreeSet<String>();
    for (JavaClass type : MAIN) {
      if (!isExported(type)) {
        continue;
      }
      for (JavaClass above : type.getRawInterfaces()) {
        addIfOfTheCellar(above, type.getName(), named);
      }
      for (JavaField field : type.getFields()) {
        if (isSeen(field)) {
          addIfOfTheCellar(field.getRawType(), field.getFullName(), named);
        }
      }
      for (JavaCodeUnit unit : type.getCodeUnits()) {
        if (isSeen(unit)) {
          addIfOfTheCellar(unit.getRawReturnType(), unit.getFullName(), named);
          unit.getRawParameterTypes()
              .forEach(parameter -> addIfOfTheCellar(parameter, unit.getFullName(), named));
        }
      }
    }
    assertEquals(new TreeSet<String>(), named);
  }

  private static boolean isExported(JavaClass type) {
    return type.getModifiers().contains(JavaModifier.PUBLIC)
        && !type.getPackageName().equals(CELLAR)
        && type.getEnclosingClass().map(ArchitectureTest::isExported).orElse(true);
  }

  private static boolean isSeen(JavaMember member) {
    return member.getModifiers().contains(JavaModifier.PUBLIC)
        || member.getModifiers().contains(JavaModifier.PROTECTED);
  }

  private static void addIfOfTheCellar(JavaClass type, String where, Set<String> named) {
    if (type.getBaseComponentType().getPackageName().equals(CELLAR)) {
      named.add(where);
    }
  }

  @Test
  void no_file_is_longer_than_500_lines_unless_its_head_says_why() throws IOException {
    var tooLong = new TreeSet<String>();
    for (var file : sources().entrySet()) {
      List<String> lines = file.getValue();
      if (lines.size() > 500 && lines.stream().noneMatch(l -> l.contains("Longer than other"))) {
        tooLong.add(file.getKey() + ": " + lines.size());
      }
    }
    assertEquals(new TreeSet<String>(), tooLong);
  }

  /** The formatter leaves comments alone that say of what states and invariants there are. */
  @Test
  void no_comment_is_wider_than_the_code_beside_it() throws IOException {
    var tooWide = new TreeSet<String>();
    for (var file : sources().entrySet()) {
      file.getValue().stream()
          .filter(line -> line.length() > 100)
          .forEach(line -> tooWide.add(file.getKey() + ": " + line.strip()));
    }
    assertEquals(new TreeSet<String>(), tooWide);
  }

  private static Map<Path, List<String>> sources() throws IOException {
    Path root = Path.of(System.getProperty("desist.root"));
    var sources = new HashMap<Path, List<String>>();
    try (Stream<Path> files = Files.walk(root.resolve("core/src/main/java"))) {
      for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
        sources.put(root.relativize(file), Files.readAllLines(file));
      }
    }
    return sources;
  }

  @Test
  void core_needs_the_base_module_alone() {
    classes()
        .that()
        .resideInAnyPackage(
            "dev.desist",
            "dev.desist.concurrent..",
            "dev.desist.internal..",
            "dev.desist.io..",
            "dev.desist.net..",
            "dev.desist.scope..",
            "dev.desist.shutdown..",
            "dev.desist.stream..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "dev.desist..",
            "java.lang..",
            "java.util..",
            "java.time..",
            "java.io..",
            "java.net..",
            "javax.net..",
            "java.nio..",
            "org.jspecify..")
        .check(MAIN);
  }

  /** Decision 11 says of each which phase it belongs to. */
  @Test
  void promise22_all_that_the_library_registers_with_itself_is_known() throws IOException {
    var registered = new TreeMap<String, Integer>();
    for (JavaClass type : MAIN) {
      for (JavaMethodCall call : type.getMethodCallsFromSelf()) {
        if (call.getTarget().getName().equals("onCancel")
            && call.getTargetOwner().isEquivalentTo(CancellationToken.class)) {
          registered.merge(type.getSimpleName(), 1, Integer::sum);
        }
      }
    }
    var listed = new TreeMap<String, Integer>();
    Path decision = Path.of(System.getProperty("desist.root")).resolve("docs/adr/0011-lanes.md");
    for (String line : Files.readAllLines(decision)) {
      if (line.startsWith("| `")) {
        listed.merge(line.substring(3, line.indexOf('`', 3)), 1, Integer::sum);
      }
    }
    listed.remove("JdbcCancellation"); // of another module
    registered.merge("Event", -1, Integer::sum); // in two forms
    registered.merge("LinkedFuture", registered.remove("Chain"), Integer::sum);
    assertEquals(listed, registered);
  }

  /** What the places of cancellations leave out; the other artifacts are seen by their folders. */
  @Test
  void all_packages_of_the_library_are_known_as_its_own() throws IOException {
    var found = new TreeSet<String>();
    Path root = Path.of(System.getProperty("desist.root"));
    for (Path part : List.of(root.resolve("core"), root.resolve("testkit"))) {
      addPackages(part, found);
    }
    try (DirectoryStream<Path> integrations =
        Files.newDirectoryStream(root.resolve("integrations"))) {
      for (Path integration : integrations) {
        addPackages(integration, found);
      }
    }
    assertEquals(found, new TreeSet<>(Origin.OURS));
  }

  private static void addPackages(Path part, Set<String> packages) throws IOException {
    Path sources = part.resolve("src/main/java");
    try (Stream<Path> files = Files.walk(sources)) {
      files
          .filter(file -> file.toString().endsWith(".java") && !file.endsWith("module-info.java"))
          .map(file -> sources.relativize(file.getParent()).toString().replace('/', '.'))
          .forEach(packages::add);
    }
  }

  @Test
  void promise4_a_token_cannot_cancel_and_does_not_lead_to_its_source() {
    for (Method method : CancellationToken.class.getMethods()) {
      assertFalse(
          method.getName().startsWith("cancel") && !method.getName().equals("cancelled"),
          method.toString());
      assertFalse(
          method.getReturnType() == CancellationSource.class
              && !method.getName().startsWith("child"),
          method.toString());
    }
    assertFalse(
        Arrays.stream(CancellationToken.class.getDeclaredFields())
            .anyMatch(field -> field.getType() == CancellationSource.class));
  }
}
