package dev.desistance;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.Deadline;
import dev.desist.Diagnostics;
import dev.desist.concurrent.Event;
import dev.desist.concurrent.Futures;
import dev.desist.concurrent.Latest;
import dev.desist.scope.Joiner;
import dev.desist.scope.TaskScope;
import dev.desist.scope.Tasks;
import dev.desist.stream.UntilCancelled;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What the diagnoses say of a user's code. It is in a package whose name only begins as the
 * library's does, because what is in the library's is not a user's.
 */
@Timeout(60)
class DiagnosticsTest {
  private static final Executor VIRTUAL = Thread::startVirtualThread;

  private final List<String> reported = new CopyOnWriteArrayList<>();
  private final Logger logger = Logger.getLogger("dev.desist");
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord record) {
          reported.add(record.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void switchOn() {
    logger.addHandler(handler);
    logger.setUseParentHandlers(false);
    Diagnostics.recordCallSites(true);
    Diagnostics.reportForgotten(true);
  }

  @AfterEach
  void switchOff() {
    Diagnostics.recordCallSites(false);
    Diagnostics.reportForgotten(false);
    logger.removeHandler(handler);
    logger.setUseParentHandlers(true);
  }

  // ---- call sites ----

  private static void assertHere(String method, CancellationToken token) {
    var site = token.reason().orElseThrow().origin().callSite();
    assertNotNull(site, token.toString());
    assertEquals(DiagnosticsTest.class.getName(), site.getClassName(), site.toString());
    assertTrue(site.getMethodName().contains(method), site.toString());
  }

  private static CancellationToken ofSource() {
    var source = CancellationSource.create();
    source.cancel();
    return source.token();
  }

  private static CancellationToken ofClose() {
    var source = CancellationSource.create();
    source.close();
    return source.token();
  }

  private static CancellationToken ofStream() {
    var source = CancellationSource.create();
    List.of(source).forEach(CancellationSource::close); // by way of the JDK
    return source.token();
  }

  private static CancellationToken ofScope() {
    try (var scope = TaskScope.open()) {
      scope.cancel();
      return scope.token();
    }
  }

  private static CancellationToken ofAbort() {
    try (var scope = TaskScope.open()) {
      scope.abort();
      return scope.token();
    }
  }

  private static CancellationToken ofScopeClose() {
    CancellationToken token;
    try (var scope = TaskScope.open()) {
      token = scope.token();
    }
    return token;
  }

  private static CancellationToken ofSubtask() throws Exception {
    try (var scope = TaskScope.open(Joiner.<Object>awaitAll())) {
      var subtask =
          scope.fork(
              () -> {
                Cancellation.current().await();
                return 1;
              });
      subtask.cancel();
      scope.join();
      return subtask.token();
    }
  }

  private static CancellationToken ofFuture() throws Exception {
    var seen = new LinkedBlockingQueue<CancellationToken>();
    var future = Futures.submit(CancellationToken.none(), VIRTUAL, waiting(seen));
    CancellationToken token = seen.take();
    future.cancel(true);
    token.await();
    return token;
  }

  private static CancellationToken ofLatest() throws Exception {
    var seen = new LinkedBlockingQueue<CancellationToken>();
    try (Latest<Object> latest = Latest.open(CancellationToken.none(), VIRTUAL, _ -> {})) {
      latest.submit(waiting(seen));
      CancellationToken token = seen.take();
      latest.submit(() -> 2);
      token.await();
      return token;
    }
  }

  private static Callable<Object> waiting(LinkedBlockingQueue<CancellationToken> seen) {
    return () -> {
      seen.add(Cancellation.current());
      Cancellation.current().await();
      return 1;
    };
  }

  private static CancellationToken ofTimeout() throws Exception {
    var source = CancellationSource.create();
    source.cancelAfter(Duration.ofMillis(5));
    source.token().await();
    return source.token();
  }

  private static CancellationToken ofZeroTimeout() {
    return CancellationToken.none().childWithTimeout(Duration.ZERO).token();
  }

  private static Deadline ofDeadline() {
    return Deadline.after(Duration.ofMillis(5));
  }

  private static CancellationToken ofWithin() throws Exception {
    var seen = new AtomicReference<CancellationToken>(CancellationToken.none());
    try {
      Tasks.within(
          Duration.ofMillis(5),
          () -> {
            seen.set(Cancellation.current());
            Cancellation.sleep(Duration.ofHours(1));
            return 1;
          });
    } catch (TimeoutException e) {
      return seen.get();
    }
    throw new AssertionError("no timeout");
  }

  @Test
  void a_call_site_is_the_line_of_the_user_whatever_was_cancelled_by_whatever() throws Exception {
    assertHere("ofSource", ofSource());
    assertHere("ofClose", ofClose());
    assertHere("ofStream", ofStream());
    assertHere("ofScope", ofScope());
    assertHere("ofAbort", ofAbort());
    assertHere("ofScopeClose", ofScopeClose());
    assertHere("ofSubtask", ofSubtask());
    assertHere("ofFuture", ofFuture());
    assertHere("ofLatest", ofLatest());
  }

  @Test
  void the_call_site_of_a_deadline_is_the_line_that_set_it() throws Exception {
    assertHere("ofTimeout", ofTimeout());
    assertHere("ofZeroTimeout", ofZeroTimeout());
    assertHere("ofWithin", ofWithin());
    try (var source = CancellationToken.none().childWithDeadline(ofDeadline())) {
      source.token().await();
      assertHere("ofDeadline", source.token());
    }
  }

  @Test
  void where_no_line_of_the_user_is_running_there_is_no_call_site() throws Exception {
    CancellationToken token;
    try (var scope = TaskScope.open()) {
      token = scope.token();
      scope.fork(
          () -> {
            throw new IllegalStateException("fails, and is left before the others are told");
          });
      token.await();
      assertTrue(token.reason().orElseThrow() instanceof CancellationReason.SiblingFailed);
      assertNull(token.reason().orElseThrow().origin().callSite());
      assertThrows(ExecutionException.class, scope::join);
    }
  }

  @Test
  void nothing_is_recorded_while_it_is_off() {
    Diagnostics.recordCallSites(false);
    assertNull(ofSource().reason().orElseThrow().origin().callSite());
    assertNull(ofZeroTimeout().reason().orElseThrow().origin().callSite());
  }

  // ---- forgotten children ----

  private void awaitReport(String name) {
    await()
        .until(
            () -> {
              System.gc(); // and no other source is made
              return reported.stream().anyMatch(message -> message.contains(name));
            });
  }

  private static void forget(CancellationToken parent, String name) {
    CancellationSource _ = parent.child(name);
  }

  @Test
  void a_forgotten_child_is_reported_though_nobody_makes_another_source() {
    try (var root = CancellationSource.create()) {
      forget(root.token(), "left alone");
      awaitReport("\"left alone\"");
    }
    assertEquals(1, reported.size(), reported.toString());
  }

  @Test
  void so_are_one_whose_parent_went_with_it_and_a_linked_one() {
    forget(CancellationSource.create().token(), "of an orphan");
    awaitReport("\"of an orphan\"");
    try (var a = CancellationSource.create();
        var b = CancellationSource.create()) {
      link(a.token(), b.token());
      awaitReport("an unnamed source");
    }
  }

  private static void link(CancellationToken a, CancellationToken b) {
    CancellationSource _ = CancellationSource.linkedTo(a, b);
  }

  @Test
  void what_the_library_made_for_itself_is_not_reported() throws Exception {
    try (var a = CancellationSource.create("a");
        var b = CancellationSource.create("b")) {
      for (int i = 0; i < 20; i++) {
        useLinks(a.token(), b.token());
      }
      forget(a.token(), "the last");
      awaitReport("\"the last\"");
      forget(a.token(), "one more"); // found by a later collection than all that was before
      awaitReport("\"one more\"");
    }
    assertEquals(2, reported.size(), reported.toString());
  }

  private static void useLinks(CancellationToken a, CancellationToken b) {
    Cancellation.run(
        a,
        () -> {
          Cancellation.run(b, () -> {});
          for (Object _ : UntilCancelled.thenEnd(b).items(new ArrayDeque<>(List.of(1))::poll)) {
            Cancellation.checkpoint();
          }
        });
    Event<Integer> event = Event.create();
    event.onSet(_ -> {});
    assertTrue(event.set(1));
    Futures.submit(b, VIRTUAL, () -> 1).join();
  }

  @Test
  void nothing_is_kept_of_children_that_are_gone() throws Exception {
    try (var root = CancellationSource.create()) {
      var callbacks = new ArrayList<CancellationSource>();
      for (int i = 0; i < 100; i++) {
        CancellationSource child = root.token().child("with a callback");
        child.token().onCancel(() -> {});
        callbacks.add(child);
      }
      callbacks.forEach(CancellationSource::cancel);
      callbacks.clear();
      for (int i = 0; i < 1_000; i++) {
        root.token().child("closed").close();
      }
      forget(root.token(), "the end");
      awaitReport("\"the end\"");
    }
    assertEquals(1, reported.size(), reported.toString());
    assertFalse(reported.getFirst().contains("\"closed\""));
  }
}
