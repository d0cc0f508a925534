package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnitAccess;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Promise 17: the only classes that may read a clock of the machine's, or park for a time by it.
 * All others go by a {@link TimeSource}, which a test can move.
 */
class TimeSeamTest {
  /** With the reason of each. */
  private static final Map<String, String> ALLOWED =
      new TreeMap<>(
          Map.of(
              "SystemTime", "it is the system's time",
              "Origin", "the time of an event, where a time source fails",
              "Node", "a pause of a lock-free loop, until a thread that was stopped goes on",
              "Stack", "a pause before the next attempt, when there was no memory",
              "Lane", "how long an idle thread is kept, and pauses when no thread can be started",
              "SelectorLoop", "how long an idle loop is kept, and pauses when the system fails",
              "PumpSource", "the system is asked again, should it have missed a nudge",
              "Signals", "the last words of a process that is being halted"));

  /** Waits of zero, and what somebody else's interface says; each with its reason. */
  private static final Map<String, String> HANDS_ON =
      Map.of(
          "Locks", "waits of zero, so that an interrupt is seen as it is by a longer one",
          "Queues", "waits of zero, so that an interrupt is seen as it is by a longer one",
          "SelectableQueue", "the wait of the queue that it wraps, as its caller asked for it",
          "LinkedFuture", "the get of a CompletableFuture, which is the JDK's",
          "TokenExecutor", "the end of the executor that it wraps, as its caller asked for it",
          "Readiness", "a selector's wait is the system's; its deadline is asked again after it");

  private static final Map<String, Set<String>> CLOCKS =
      Map.ofEntries(
          Map.entry("java.lang.System", Set.of("nanoTime", "currentTimeMillis")),
          Map.entry("java.time.Instant", Set.of("now")),
          Map.entry("java.time.LocalDateTime", Set.of("now")),
          Map.entry("java.time.ZonedDateTime", Set.of("now")),
          Map.entry(
              "java.time.Clock", Set.of("systemUTC", "systemDefaultZone", "millis", "instant")),
          Map.entry("java.util.concurrent.locks.LockSupport", Set.of("parkNanos", "parkUntil")));

  /** Those that wait for a time if they are given one; without parameters they do not. */
  private static final Map<String, Set<String>> WAITS =
      Map.ofEntries(
          Map.entry("java.lang.Object", Set.of("wait")),
          Map.entry("java.lang.Thread", Set.of("sleep", "join")),
          Map.entry("java.lang.Process", Set.of("waitFor")),
          Map.entry("java.nio.channels.Selector", Set.of("select")),
          Map.entry("java.util.Timer", Set.of("schedule", "scheduleAtFixedRate")),
          Map.entry(
              "java.util.concurrent.locks.Condition", Set.of("await", "awaitNanos", "awaitUntil")),
          Map.entry("java.util.concurrent.locks.Lock", Set.of("tryLock")),
          Map.entry("java.util.concurrent.locks.ReentrantLock", Set.of("tryLock")),
          Map.entry("java.util.concurrent.BlockingQueue", Set.of("poll", "offer")),
          Map.entry(
              "java.util.concurrent.BlockingDeque",
              Set.of("poll", "offer", "pollFirst", "pollLast")),
          Map.entry("java.util.concurrent.CountDownLatch", Set.of("await")),
          Map.entry("java.util.concurrent.CyclicBarrier", Set.of("await")),
          Map.entry("java.util.concurrent.Semaphore", Set.of("tryAcquire")),
          Map.entry("java.util.concurrent.Exchanger", Set.of("exchange")),
          Map.entry("java.util.concurrent.Phaser", Set.of("awaitAdvanceInterruptibly")),
          Map.entry("java.util.concurrent.Future", Set.of("get")),
          Map.entry(
              "java.util.concurrent.CompletableFuture",
              Set.of("get", "orTimeout", "completeOnTimeout", "delayedExecutor")),
          Map.entry(
              "java.util.concurrent.ExecutorService",
              Set.of("awaitTermination", "invokeAny", "invokeAll")),
          Map.entry("java.util.concurrent.ScheduledExecutorService", Set.of("schedule")));

  @Test
  void promise17_only_these_read_a_clock_or_park_for_a_time() {
    var found = new TreeSet<String>();
    for (JavaClass type :
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.desist")) {
      Stream.concat(
              type.getCodeUnitCallsFromSelf().stream(),
              type.getCodeUnitReferencesFromSelf().stream())
          .filter(TimeSeamTest::goesByTheMachine)
          .forEach(_ -> found.add(outermost(type)));
    }
    var allowed = new TreeSet<>(ALLOWED.keySet());
    allowed.addAll(HANDS_ON.keySet());
    assertEquals(allowed, found);
  }

  /** The same by the text, for what is not on the class path here. */
  @Test
  void promise17_in_the_other_artifacts_only_these_do() throws IOException {
    var found = new TreeSet<String>();
    Path root = Path.of(System.getProperty("desist.root"));
    Pattern clock =
        Pattern.compile(
            "System\\.(nanoTime|currentTimeMillis)|Instant\\.now|Clock\\.system|Thread\\.sleep"
                + "|parkNanos|parkUntil\\(|TimeUnit\\.[A-Z]+\\)|\\b(wait|waitFor)\\([^)]");
    for (String part : List.of("integrations", "testkit")) {
      try (Stream<Path> files = Files.walk(root.resolve(part))) {
        for (Path file : files.filter(each -> isMain(each.toString())).toList()) {
          if (clock.matcher(Files.readString(file)).find()) {
            found.add(file.getFileName().toString());
          }
        }
      }
    }
    assertEquals(
        new TreeSet<>(
            Set.of(
                "ManualTime.java", // it is a time source
                "StatementCanceller.java")), // pauses between attempts to reach a database
        found);
  }

  private static boolean isMain(String file) {
    return file.contains("/src/main/java/") && file.endsWith(".java");
  }

  private static boolean goesByTheMachine(JavaCodeUnitAccess<? extends CodeUnitAccessTarget> call) {
    String name = call.getTarget().getName();
    JavaClass owner = call.getTargetOwner();
    return isNamed(owner, CLOCKS, name)
        || (isNamed(owner, WAITS, name)
            && call.getTarget().getRawParameterTypes().stream().anyMatch(TimeSeamTest::isTime));
  }

  private static boolean isNamed(JavaClass owner, Map<String, Set<String>> methods, String name) {
    return methods.entrySet().stream()
        .anyMatch(each -> each.getValue().contains(name) && owner.isAssignableTo(each.getKey()));
  }

  private static boolean isTime(JavaClass parameter) {
    return Set.of("long", "java.time.Duration", "java.util.concurrent.TimeUnit")
        .contains(parameter.getName());
  }

  private static String outermost(JavaClass type) {
    String name = type.getName().substring(type.getPackageName().length() + 1);
    return name.contains("$") ? name.substring(0, name.indexOf('$')) : name;
  }
}
