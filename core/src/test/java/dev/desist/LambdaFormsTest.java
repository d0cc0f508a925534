package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * Each method that calls a user's code, in the forms in which people write it. What matters most
 * here is that it compiles, and which exceptions need not be declared.
 */
class LambdaFormsTest {
  private final List<String> seen = new ArrayList<>();
  private final CancellationToken token = CancellationSource.create("lambdas").token();
  private final Closeable closes = () -> seen.add("closed");
  private final Closeable fails =
      () -> {
        throw new IOException("disk");
      };

  private void nothing() {
    seen.add("nothing");
  }

  private String text() {
    return "text";
  }

  private String read() throws IOException {
    throw new IOException("read");
  }

  @Test
  void a_lambda_with_and_without_a_value() {
    assertEquals("text", Cancellation.call(token, () -> text()));
    assertEquals("text", Cancellation.shielded(() -> text()));
    assertEquals("text", Cancellation.carrier().call(() -> text()));
    Cancellation.call(token, () -> nothing());
    Cancellation.shielded(() -> nothing());
    Cancellation.carrier().call(() -> nothing());
    Cancellation.call(
        token,
        () -> {
          nothing();
        });
    Cancellation.shielded(
        () -> {
          nothing();
        });
    Cancellation.carrier()
        .call(
            () -> {
              nothing();
            });
    Cancellation.run(token, () -> seen.add("run"));
    assertEquals(7, seen.size());
  }

  @Test
  void a_method_reference_with_and_without_a_value() {
    assertEquals("text", Cancellation.call(token, this::text));
    assertEquals("text", Cancellation.shielded(this::text));
    assertEquals("text", Cancellation.carrier().call(this::text));
    Cancellation.call(token, this::nothing);
    Cancellation.shielded(this::nothing);
    Cancellation.carrier().call(this::nothing);
    assertEquals(List.of("nothing", "nothing", "nothing"), seen);
  }

  @Test
  void a_reference_to_one_of_several_methods_that_gives_a_value() throws Exception {
    Future<String> future = CompletableFuture.completedFuture("got");
    assertEquals("got", Cancellation.call(token, future::get));
    assertEquals("got", Cancellation.shielded(future::get));
    assertEquals("got", Cancellation.carrier().call(future::get));
  }

  @Test
  void what_it_throws_is_all_that_is_to_be_caught() {
    try {
      Cancellation.call(token, closes::close);
      Cancellation.shielded(closes::close);
      Cancellation.carrier().call(closes::close);
      Cancellation.call(token, fails::close);
    } catch (IOException e) {
      seen.add(String.valueOf(e.getMessage()));
    }
    try {
      String _ = Cancellation.shielded(this::read);
    } catch (IOException e) {
      seen.add(String.valueOf(e.getMessage()));
    }
    Future<String> future = CompletableFuture.failedFuture(new IOException("future"));
    try {
      String _ = Cancellation.carrier().call(() -> future.get());
    } catch (Exception e) { // of two classes, what they have in common
      seen.add(String.valueOf(e.getCause()));
    }
    assertEquals(
        List.of("closed", "closed", "closed", "disk", "read", "java.io.IOException: future"), seen);
  }

  @Test
  void a_callable_at_hand() throws Exception {
    Callable<String> callable = this::text;
    assertEquals("text", Cancellation.call(token, callable));
    assertEquals("text", Cancellation.shielded(callable::call));
  }

  @Test
  void a_callback_with_and_without_the_reason() {
    var source = CancellationSource.create("callbacks");
    var other = CancellationSource.create("other");
    Runnable runnable = () -> seen.add("runnable");
    Consumer<Object> consumer = reason -> seen.add("consumer of " + reason.getClass().getName());
    source.token().onCancel(runnable);
    source.token().onCancel(consumer);
    source.token().onCancel(reason -> seen.add(reason.message()));
    source.token().onCancel(() -> seen.add("lambda"));
    source.token().onCancel(this::nothing);
    source.token().onCancel(closes::close);
    source.token().onCancel(other::cancel); // which has a form with a reason, too
    source.cancel("enough");
    assertEquals(
        List.of(
            "closed",
            "consumer of " + CancellationReason.Requested.class.getName(),
            "enough",
            "lambda",
            "nothing",
            "runnable"),
        seen.stream().sorted().toList());
    assertEquals("cancellation was requested", other.token().reason().orElseThrow().message());
  }

  @Test
  void a_callback_for_an_executor_with_and_without_the_reason() {
    var source = CancellationSource.create("callbacks");
    Executor here = Runnable::run;
    Runnable runnable = () -> seen.add("runnable");
    source.token().onCancel(here, runnable);
    source.token().onCancel(here, reason -> seen.add(reason.message()));
    source.token().onCancel(here, () -> seen.add("lambda"));
    source.token().onCancel(here, this::nothing);
    source.token().onCancel(here, closes::close);
    source.cancel("enough");
    assertEquals(
        List.of("closed", "enough", "lambda", "nothing", "runnable"),
        seen.stream().sorted().toList());
  }

  @Test
  void promise7_a_callback_on_a_cancelled_token_is_told_the_reason_at_once() {
    var reason = CancellationReason.requested("early");
    CancellationToken cancelled = CancellationToken.cancelled(reason);
    var told = new ArrayList<CancellationReason>();
    cancelled.onCancel(told::add);
    cancelled.onCancel(Runnable::run, (Consumer<CancellationReason>) told::add);
    assertEquals(List.of(reason, reason), told);
  }

  @Test
  void promise9_what_a_callback_throws_is_the_cause_also_if_it_is_checked() {
    var source = CancellationSource.create("failing");
    source.token().onCancel(fails::close);
    var failed = assertThrows(CancellationCallbackException.class, source::cancel);
    assertInstanceOf(IOException.class, failed.getCause());
    assertThrows(IOException.class, () -> source.token().onCancel(fails::close));
  }

  @Test
  void promise5_none_takes_callbacks_of_all_forms() {
    assertSame(
        CancellationToken.none().onCancel(this::nothing),
        CancellationToken.none().onCancel(reason -> seen.add(reason.message())));
    assertSame(
        CancellationToken.none().onCancel(Runnable::run, this::nothing),
        CancellationToken.none().onCancel(Runnable::run, reason -> seen.add(reason.message())));
    assertEquals(List.of(), seen);
  }

  @Test
  void a_task_is_an_action_and_both_are_what_the_jdk_takes() throws Exception {
    Task<String, IOException> task = this::read;
    Action<IOException> action = task;
    Callable<String> callable = task;
    Runnable runnable = action;
    Consumer<CancellationReason> consumer = action;
    assertEquals("read", assertThrows(IOException.class, task::call).getMessage());
    assertEquals("read", assertThrows(IOException.class, action::perform).getMessage());
    assertEquals("read", assertThrows(IOException.class, callable::call).getMessage());
    assertEquals("read", assertThrows(IOException.class, runnable::run).getMessage());
    assertEquals(
        "read",
        assertThrows(IOException.class, () -> consumer.accept(CancellationReason.requested()))
            .getMessage());
  }
}
