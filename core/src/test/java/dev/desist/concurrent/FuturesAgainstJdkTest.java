package dev.desist.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.testkit.Hygiene;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Our futures beside the JDK's own: every method, called with every kind of argument on a future in
 * every state, does the same, but for what {@link #MEANT} says.
 */
@ExtendWith(Hygiene.class)
@Timeout(120)
class FuturesAgainstJdkTest {
  // ---- what is compared ----

  /** How the first future has ended. */
  private enum Ending {
    OPEN {
      @Override
      void reach(CompletableFuture<Object> future, CancellationSource source) {}
    },
    VALUE {
      @Override
      void reach(CompletableFuture<Object> future, CancellationSource source) {
        future.complete("v");
      }
    },
    @SuppressWarnings("NullAway") // a value like any other
    NULL {
      @Override
      void reach(CompletableFuture<Object> future, CancellationSource source) {
        future.complete(null);
      }
    },
    FAILED {
      @Override
      void reach(CompletableFuture<Object> future, CancellationSource source) {
        future.completeExceptionally(new IOException("down"));
      }
    },
    FAILED_WRAPPED {
      @Override
      void reach(CompletableFuture<Object> future, CancellationSource source) {
        future.completeExceptionally(new CompletionException(new IOException("down")));
      }
    },
    FAILED_SPEECHLESS {
      @Override
      void reach(CompletableFuture<Object> future, CancellationSource source) {
        future.completeExceptionally(new Speechless());
      }
    },
    CANCELLED {
      @Override
      void reach(CompletableFuture<Object> future, CancellationSource source) {
        future.cancel(true);
      }
    },
    STRANGERS_CANCELLATION {
      @Override
      void reach(CompletableFuture<Object> future, CancellationSource source) {
        future.completeExceptionally(new CancellationException("a stranger's"));
      }
    },
    OUR_CANCELLATION {
      @Override
      void reach(CompletableFuture<Object> future, CancellationSource source) {
        future.completeExceptionally(ours());
      }
    },
    TOKEN_CANCELLED {
      @Override
      void reach(CompletableFuture<Object> future, CancellationSource source) {
        if (isLinked(future)) {
          source.cancel();
          awaitDone(future);
        } else {
          future.completeExceptionally(ours());
        }
      }
    },
    OBTRUDED_VALUE {
      @Override
      void reach(CompletableFuture<Object> future, CancellationSource source) {
        future.cancel(true);
        future.obtrudeValue("obtruded");
      }
    },
    OBTRUDED_FAILURE {
      @Override
      void reach(CompletableFuture<Object> future, CancellationSource source) {
        future.complete("v");
        future.obtrudeException(new IOException("obtruded"));
      }
    },
    TIMED_OUT {
      @Override
      void reach(CompletableFuture<Object> future, CancellationSource source) {
        future.orTimeout(0, TimeUnit.NANOSECONDS);
        awaitDone(future);
      }
    },
    VALUE_BY_TIMEOUT {
      @Override
      void reach(CompletableFuture<Object> future, CancellationSource source) {
        future.completeOnTimeout("late", 0, TimeUnit.NANOSECONDS);
        awaitDone(future);
      }
    },
    SUPPLIED {
      @Override
      void reach(CompletableFuture<Object> future, CancellationSource source) {
        future.completeAsync(() -> "supplied", Runnable::run);
      }
    },
    SUPPLIER_FAILED {
      @Override
      void reach(CompletableFuture<Object> future, CancellationSource source) {
        future.completeAsync(
            () -> {
              throw new IllegalArgumentException("no supply");
            },
            Runnable::run);
      }
    };

    abstract void reach(CompletableFuture<Object> future, CancellationSource source);

    boolean endsInTime() {
      return this == TIMED_OUT || this == VALUE_BY_TIMEOUT;
    }
  }

  /** Which a wrapper that asks it for words must survive. */
  @SuppressWarnings("OverrideThrowableToString") // that is what it is about
  private static final class Speechless extends RuntimeException {
    private static final long serialVersionUID = 1;

    @Override
    public String toString() {
      throw new IllegalStateException("no words");
    }
  }

  /** What is made from the first future, and asked. */
  private enum Shape {
    ITSELF {
      @Override
      CompletionStage<Object> of(CompletableFuture<Object> future) {
        return future;
      }
    },
    DEPENDENT {
      @Override
      CompletionStage<Object> of(CompletableFuture<Object> future) {
        return future.thenApply(value -> value);
      }
    },
    COPY {
      @Override
      CompletionStage<Object> of(CompletableFuture<Object> future) {
        return future.copy();
      }
    },
    COMPOSED {
      @Override
      CompletionStage<Object> of(CompletableFuture<Object> future) {
        return future.thenCompose(CompletableFuture::completedFuture);
      }
    },
    MINIMAL {
      @Override
      CompletionStage<Object> of(CompletableFuture<Object> future) {
        return future.minimalCompletionStage();
      }
    },
    OF_MINIMAL {
      @Override
      CompletionStage<Object> of(CompletableFuture<Object> future) {
        return future.minimalCompletionStage().toCompletableFuture();
      }
    };

    abstract CompletionStage<Object> of(CompletableFuture<Object> future);

    boolean isLikeAnother() {
      return this == COPY || this == COMPOSED || this == OF_MINIMAL;
    }

    boolean isLinked() {
      return this == DEPENDENT || this == COPY || this == COMPOSED;
    }
  }

  /** What becomes of a first future that was open when the method was called. */
  private static final List<Ending> AFTERWARDS =
      List.of(Ending.VALUE, Ending.FAILED, Ending.CANCELLED);

  private static final Map<String, Function<CancellationToken, CompletableFuture<Object>>> OURS =
      Map.of(
          "under",
          token -> Futures.under(token, new CompletableFuture<>()),
          "submit",
          token -> Futures.submit(token, _ -> {}, () -> "never begun"));

  // ---- what is meant to differ ----

  /**
   * A difference that is meant.
   *
   * @param why in words, as in the docs of {@link Futures}
   * @param covers tells it from others
   */
  private record Meant(String why, Covers covers) {}

  private interface Covers {
    boolean covers(Case at, String facet, String jdk, String ours);
  }

  private static final Set<String> ENDERS =
      Set.of(
          "cancel",
          "complete",
          "completeAsync",
          "completeExceptionally",
          "completeOnTimeout",
          "obtrudeException",
          "obtrudeValue",
          "orTimeout");

  private static final String CANCELLATION = "Canc(ellation|elled)Exception";

  private static final List<Meant> MEANT =
      List.of(
          new Meant(
              "a future that was cancelled throws a CancelledException",
              (_, _, jdk, ours) ->
                  jdk.matches("(throws )?CancellationException of " + CANCELLATION)
                      && ours.matches("(throws )?CancelledException")),
          new Meant(
              "cancel completes with a CancelledException, as its stages see",
              (_, _, jdk, ours) ->
                  ours.contains("CancelledException")
                      && ours.equals(
                          jdk.contains("[Completed ")
                              ? jdk.replace(
                                  "java.util.concurrent.CancellationException",
                                  "dev.desist.CancelledException")
                              : jdk.replace("CancellationException", "CancelledException"))),
          new Meant(
              "one made from a cancelled one was cancelled",
              (at, facet, jdk, ours) ->
                  at.endsCancelled()
                      && (asks(at, facet, "isCancelled")
                          ? (jdk.equals("false") && ours.equals("true"))
                          : (asks(at, facet, "state")
                              && jdk.equals("FAILED")
                              && ours.equals("CANCELLED")))),
          new Meant(
              "one made from a cancelled one throws a CancelledException, not wrapped",
              (_, _, jdk, ours) ->
                  jdk.matches("(throws )?(Execution|Completion)Exception of " + CANCELLATION)
                      && ours.matches("(throws )?CancelledException")),
          new Meant(
              "one made from a cancelled one has no exceptionNow",
              (at, facet, jdk, ours) ->
                  at.endsCancelled()
                      && ((at.method().equals("exceptionNow()") && facet.equals("thrown"))
                          ? (jdk.isEmpty() && ours.equals("IllegalStateException"))
                          : (asks(at, facet, "exceptionNow")
                              && jdk.matches(CANCELLATION)
                              && ours.matches("null|throws IllegalStateException")))),
          new Meant(
              "cancel says true of one made from a cancelled one",
              (at, facet, jdk, ours) ->
                  at.endsCancelled()
                      && at.method().startsWith("cancel(")
                      && facet.equals("returned")
                      && jdk.equals("false")
                      && ours.equals("true")),
          new Meant(
              "a timeout says what has passed",
              (_, _, jdk, ours) ->
                  jdk.contains("TimeoutException: null")
                      && ours.replaceAll("the deadline of [^\\])]*", "null").equals(jdk)),
          new Meant(
              "whoever ends one that was made from the first ends the first",
              (at, facet, _, ours) ->
                  at.ending() == Ending.OPEN
                      && at.shape().isLinked()
                      && ENDERS.contains(at.method().replaceAll("\\(.*", ""))
                      && facet.startsWith("first, ")
                      && ((asks(at, facet, "isCancelled")
                              || asks(at, facet, "isCompletedExceptionally"))
                          ? ours.equals("true")
                          : asks(at, facet, "state")
                              ? ours.equals("CANCELLED")
                              : ours.matches(".*CancelledException.*|throws IllegalState.*"))));

  private static boolean asks(Case at, String facet, String method) {
    return facet.endsWith(", " + method)
        || (facet.equals("returned") && at.method().equals(method + "()"));
  }

  // ---- the methods ----

  /**
   * All that were thought of. A new one belongs here, and is walked by the kinds of its arguments.
   */
  private static final Set<String> INSTANCE_METHODS =
      Set.of(
          "acceptEither(CompletionStage, Consumer)",
          "acceptEitherAsync(CompletionStage, Consumer)",
          "acceptEitherAsync(CompletionStage, Consumer, Executor)",
          "applyToEither(CompletionStage, Function)",
          "applyToEitherAsync(CompletionStage, Function)",
          "applyToEitherAsync(CompletionStage, Function, Executor)",
          "cancel(boolean)",
          "complete(Object)",
          "completeAsync(Supplier)",
          "completeAsync(Supplier, Executor)",
          "completeExceptionally(Throwable)",
          "completeOnTimeout(Object, long, TimeUnit)",
          "copy()",
          "defaultExecutor()",
          "exceptionNow()",
          "exceptionally(Function)",
          "exceptionallyAsync(Function)",
          "exceptionallyAsync(Function, Executor)",
          "exceptionallyCompose(Function)",
          "exceptionallyComposeAsync(Function)",
          "exceptionallyComposeAsync(Function, Executor)",
          "get()",
          "get(long, TimeUnit)",
          "getNow(Object)",
          "getNumberOfDependents()",
          "handle(BiFunction)",
          "handleAsync(BiFunction)",
          "handleAsync(BiFunction, Executor)",
          "isCancelled()",
          "isCompletedExceptionally()",
          "isDone()",
          "join()",
          "minimalCompletionStage()",
          "newIncompleteFuture()",
          "obtrudeException(Throwable)",
          "obtrudeValue(Object)",
          "orTimeout(long, TimeUnit)",
          "resultNow()",
          "runAfterBoth(CompletionStage, Runnable)",
          "runAfterBothAsync(CompletionStage, Runnable)",
          "runAfterBothAsync(CompletionStage, Runnable, Executor)",
          "runAfterEither(CompletionStage, Runnable)",
          "runAfterEitherAsync(CompletionStage, Runnable)",
          "runAfterEitherAsync(CompletionStage, Runnable, Executor)",
          "state()",
          "thenAccept(Consumer)",
          "thenAcceptAsync(Consumer)",
          "thenAcceptAsync(Consumer, Executor)",
          "thenAcceptBoth(CompletionStage, BiConsumer)",
          "thenAcceptBothAsync(CompletionStage, BiConsumer)",
          "thenAcceptBothAsync(CompletionStage, BiConsumer, Executor)",
          "thenApply(Function)",
          "thenApplyAsync(Function)",
          "thenApplyAsync(Function, Executor)",
          "thenCombine(CompletionStage, BiFunction)",
          "thenCombineAsync(CompletionStage, BiFunction)",
          "thenCombineAsync(CompletionStage, BiFunction, Executor)",
          "thenCompose(Function)",
          "thenComposeAsync(Function)",
          "thenComposeAsync(Function, Executor)",
          "thenRun(Runnable)",
          "thenRunAsync(Runnable)",
          "thenRunAsync(Runnable, Executor)",
          "toCompletableFuture()",
          "toString()",
          "whenComplete(BiConsumer)",
          "whenCompleteAsync(BiConsumer)",
          "whenCompleteAsync(BiConsumer, Executor)");

  /** Those take futures as arguments, or none at all. */
  private static final Set<String> STATIC_METHODS =
      Set.of(
          "allOf(CompletableFuture[])",
          "anyOf(CompletableFuture[])",
          "completedFuture(Object)",
          "completedStage(Object)",
          "delayedExecutor(long, TimeUnit)",
          "delayedExecutor(long, TimeUnit, Executor)",
          "failedFuture(Throwable)",
          "failedStage(Throwable)",
          "runAsync(Runnable)",
          "runAsync(Runnable, Executor)",
          "supplyAsync(Supplier)",
          "supplyAsync(Supplier, Executor)");

  private static Map<String, Method> methods(boolean ofClass) {
    var methods = new TreeMap<String, Method>();
    Stream.<Class<?>>of(CompletableFuture.class, CompletionStage.class)
        .flatMap(type -> Arrays.stream(type.getMethods()))
        .filter(method -> method.getDeclaringClass() != Object.class)
        .filter(method -> Modifier.isStatic(method.getModifiers()) == ofClass)
        .forEach(
            method ->
                methods.putIfAbsent(
                    method.getName()
                        + Arrays.stream(method.getParameterTypes())
                            .map(Class::getSimpleName)
                            .collect(Collectors.joining(", ", "(", ")")),
                    method));
    return methods;
  }

  @Test
  void all_methods_are_thought_of() {
    assertEquals(new TreeSet<>(INSTANCE_METHODS), methods(false).keySet());
    assertEquals(new TreeSet<>(STATIC_METHODS), methods(true).keySet());
  }

  // ---- arguments ----

  /** What one call was given, and what became of that. */
  private static final class Call {
    final List<String> runs = Collections.synchronizedList(new ArrayList<>());
    final CompletableFuture<Object> other = new CompletableFuture<>();
    final Method method;
    final List<Object> arguments = new ArrayList<>();

    Call(Method method, List<Integer> variants) {
      this.method = method;
      Class<?>[] types = method.getParameterTypes();
      for (int i = 0; i < types.length; i++) {
        arguments.add(argument(types[i], variants.get(i)));
      }
    }

    private void noteRun(@Nullable Object... given) {
      runs.add(
          Arrays.stream(given)
              .map(FuturesAgainstJdkTest::describe)
              .collect(Collectors.joining(", ", "(", ")")));
    }

    private Object ran(@Nullable Object... given) {
      noteRun(given);
      return method.getName().contains("Compose")
          ? CompletableFuture.completedFuture("composed")
          : "result";
    }

    private static Object failing() {
      throw new IllegalArgumentException("function");
    }

    /** The n-th kind of argument of that type, from 0; the last is null, if null is one. */
    @SuppressWarnings("FutureReturnValueIgnored") // by whoever is given the function
    private @Nullable Object argument(Class<?> type, int variant) {
      return switch (type.getSimpleName()) {
        case "Function" ->
            choice(
                variant,
                (Function<Object, Object>) this::ran,
                (Function<Object, Object>) _ -> failing(),
                (Function<Object, Object>) _ -> nothing(),
                (Function<Object, Object>)
                    _ -> CompletableFuture.failedFuture(new IOException("2")),
                (Function<Object, Object>) _ -> other,
                null);
        case "BiFunction" ->
            choice(
                variant,
                (BiFunction<Object, Object, Object>) this::ran,
                (BiFunction<Object, Object, Object>) (_, _) -> failing(),
                null);
        case "Consumer" ->
            choice(
                variant,
                (Consumer<Object>) value -> noteRun(value),
                (Consumer<Object>) _ -> failing(),
                null);
        case "BiConsumer" ->
            choice(
                variant,
                (BiConsumer<Object, Object>) (one, two) -> noteRun(one, two),
                (BiConsumer<Object, Object>) (_, _) -> failing(),
                null);
        case "Runnable" ->
            choice(variant, (Runnable) () -> noteRun(), (Runnable) Call::failing, null);
        case "Supplier" ->
            choice(variant, (Supplier<Object>) this::ran, (Supplier<Object>) Call::failing, null);
        case "Executor" ->
            choice(
                variant,
                (Executor) Runnable::run,
                (Executor)
                    _ -> {
                      throw new RejectedExecutionException("full");
                    },
                null);
        case "CompletionStage" ->
            choice(
                variant,
                other,
                CompletableFuture.<Object>completedFuture("other"),
                CompletableFuture.<Object>failedFuture(new IOException("other")),
                null);
        case "Throwable" ->
            choice(
                variant,
                new IOException("given"),
                new CancellationException("given"),
                ours(),
                new CompletionException(new IOException("given")),
                null);
        case "Object" -> choice(variant, "given", null);
        case "TimeUnit" -> choice(variant, TimeUnit.HOURS, null);
        case "long" -> choice(variant, 1L, 0L, -1L);
        case "boolean" -> choice(variant, true, false);
        default -> fail("no arguments for " + type);
      };
    }

    private static @Nullable Object choice(int variant, @Nullable Object... choices) {
      return variant < choices.length ? choices[variant] : END;
    }

    private boolean hasNull() {
      return arguments.contains(null);
    }

    boolean usesPool() {
      return method.getName().endsWith("Async")
          && !List.of(method.getParameterTypes()).contains(Executor.class);
    }

    boolean endsByAnotherThread() {
      return !hasNull()
          && (method.getName().equals("completeAsync")
              ? usesPool()
              : method.getName().contains("Timeout") && !arguments.contains(1L));
    }

    boolean waits() {
      return !hasNull()
          && (method.getName().equals("join")
              || (method.getName().equals("get")
                  && (arguments.isEmpty() || arguments.contains(1L))));
    }

    boolean makes() {
      return method.getName().equals("newIncompleteFuture");
    }
  }

  private static final Object END = new Object();

  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"}) // where null is to be given
  private static <T> T nothing() {
    return null;
  }

  /**
   * The first kind of every argument, and then each other kind of one beside the first of the
   * others.
   */
  private static List<List<Integer>> variants(Method method) {
    int count = method.getParameterCount();
    var all = new ArrayList<List<Integer>>();
    all.add(Collections.nCopies(count, 0));
    for (int i = 0; i < count; i++) {
      for (int variant = 1; ; variant++) {
        var one = new ArrayList<>(Collections.nCopies(count, 0));
        one.set(i, variant);
        if (new Call(method, one).arguments.contains(END)) {
          break;
        }
        all.add(one);
      }
    }
    return all;
  }

  // ---- the walk ----

  /**
   * One call on one future.
   *
   * @param method what is called
   * @param variants the kinds of its arguments
   * @param ending how the first future has ended
   * @param shape what was made from it
   * @param afterwards what becomes of the first future after the call
   */
  private record Case(
      String method, List<Integer> variants, Ending ending, Shape shape, Ending afterwards) {
    boolean endsCancelled() {
      return List.of(Ending.CANCELLED, Ending.OUR_CANCELLATION, Ending.TOKEN_CANCELLED)
          .contains(afterwards);
    }
  }

  @Test
  void every_method_on_every_future_does_the_same() {
    var strange = new ArrayList<String>();
    var vanished = new ArrayList<>(MEANT);
    for (Map.Entry<String, Method> method : methods(false).entrySet()) {
      for (List<Integer> variants : variants(method.getValue())) {
        for (Ending ending : Ending.values()) {
          for (Shape shape : Shape.values()) {
            if (shape.isLikeAnother() && !variants.equals(variants(method.getValue()).getFirst())) {
              continue; // the first kind of each argument will do
            }
            for (Ending afterwards : ending == Ending.OPEN ? AFTERWARDS : List.of(ending)) {
              var at = new Case(method.getKey(), variants, ending, shape, afterwards);
              Map<String, String> jdk =
                  observe(at, method.getValue(), _ -> new CompletableFuture<>());
              OURS.forEach(
                  (kind, make) -> {
                    if (shape == Shape.ITSELF || kind.equals("under")) { // else they are the same
                      Map<String, String> ours = observe(at, method.getValue(), make);
                      compare(at, kind, jdk, ours, strange, vanished);
                    }
                  });
            }
          }
        }
      }
    }
    assertTrue(strange.isEmpty(), () -> strange.size() + ":\n" + String.join("\n", strange));
    assertEquals(List.of(), vanished.stream().map(Meant::why).toList(), "meant, and not so");
  }

  private static void compare(
      Case at,
      String kind,
      Map<String, String> jdk,
      Map<String, String> ours,
      List<String> strange,
      List<Meant> vanished) {
    var facets = new TreeSet<>(jdk.keySet());
    facets.addAll(ours.keySet());
    facets.forEach(
        facet -> {
          String expected = jdk.getOrDefault(facet, "not asked");
          String found = ours.getOrDefault(facet, "not asked");
          if (found.equals(expected)) {
            return;
          }
          List<Meant> meant =
              MEANT.stream()
                  .filter(difference -> difference.covers().covers(at, facet, expected, found))
                  .toList();
          vanished.removeAll(meant);
          if (meant.isEmpty()) {
            strange.add(at + ", " + kind + ", " + facet + ": " + expected + " -> " + found);
          }
        });
  }

  private static Map<String, String> observe(
      Case at, Method method, Function<CancellationToken, CompletableFuture<Object>> make) {
    var seen = new LinkedHashMap<String, String>();
    var source = CancellationSource.create();
    CompletableFuture<Object> first = make.apply(source.token());
    at.ending().reach(first, source);
    CompletionStage<Object> stage = at.shape().of(first);
    var call = new Call(method, at.variants());
    if (at.ending() == Ending.OPEN && call.waits()) {
      Thread.startVirtualThread(() -> at.afterwards().reach(first, source));
    }
    @Nullable Object[] returned = new Object[1];
    String thrown = called(call, stage, returned);
    Object result = returned[0];
    if (thrown.isEmpty() && call.endsByAnotherThread() && !isMinimal(stage)) {
      awaitDone(stage);
    }
    if (at.ending() == Ending.OPEN && isLinked(stage) && stage.toCompletableFuture().isDone()) {
      awaitDone(first); // which it reaches
    }
    seen.put("thrown", thrown);
    if (!method.getName().equals("getNumberOfDependents") || !at.ending().endsInTime()) {
      seen.put("returned", result == stage ? "itself" : kind(result));
    }
    boolean races = call.usesPool() || call.endsByAnotherThread() || call.waits();
    if (!races && at.ending() == Ending.OPEN) { // else nothing changes any more
      seen.put("runs at once", call.runs.toString());
      look(seen, "at once, ", stage);
      if (result instanceof CompletionStage<?> other) {
        look(seen, "result at once, ", other);
      }
    }
    at.afterwards().reach(first, source);
    seen.put("a second end", attempt(() -> first.complete("second")));
    call.other.complete("other's");
    if (result instanceof CompletionStage<?> other && !call.makes()) {
      awaitDone(other);
    }
    seen.put("runs", call.runs.toString());
    look(seen, "first, ", first);
    look(seen, "it, ", stage);
    if (result instanceof CompletionStage<?> other) {
      look(seen, "result, ", other);
    }
    if (races || at.ending().endsInTime()) {
      seen.keySet().removeIf(facet -> facet.endsWith("dependents")); // they may be on their way out
    }
    return seen;
  }

  private static boolean isMinimal(CompletionStage<?> stage) {
    return stage.getClass().getSimpleName().equals("MinimalStage");
  }

  private static boolean isLinked(CompletionStage<?> stage) {
    return stage instanceof LinkedFuture<?>;
  }

  /** What the call throws; empty if nothing. */
  private static String called(
      Call call, CompletionStage<Object> stage, @Nullable Object[] returned) {
    try {
      returned[0] = invoke(call, stage);
      return "";
    } catch (Throwable e) {
      return describe(e);
    }
  }

  private static @Nullable Object invoke(Call call, CompletionStage<Object> stage)
      throws Throwable {
    try {
      return call.method.invoke(stage, call.arguments.toArray());
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  /** All that can be asked of a stage without a change. */
  private static void look(Map<String, String> seen, String prefix, CompletionStage<?> stage) {
    if (stage instanceof CompletableFuture<?> future) {
      seen.put(prefix + "dependents", attempt(future::getNumberOfDependents));
      seen.put(prefix + "isDone", attempt(future::isDone));
      seen.put(prefix + "isCancelled", attempt(future::isCancelled));
      seen.put(prefix + "isCompletedExceptionally", attempt(future::isCompletedExceptionally));
      seen.put(prefix + "state", attempt(future::state));
      seen.put(prefix + "getNow", attempt(() -> future.getNow(nothing())));
      seen.put(prefix + "get in time", attempt(() -> future.get(0, TimeUnit.NANOSECONDS)));
      if (attempt(future::isDone).equals("true")) {
        seen.put(prefix + "get", attempt(future::get));
        seen.put(prefix + "join", attempt(future::join));
      }
      seen.put(prefix + "resultNow", attempt(future::resultNow));
      seen.put(prefix + "exceptionNow", attempt(future::exceptionNow));
    }
    var given = new ArrayList<String>();
    var _ =
        stage.whenComplete(
            (value, failure) -> given.add(describe(value) + ", " + describe(failure)));
    seen.put(prefix + "passes on", given.toString());
  }

  private static String attempt(Callable<?> question) {
    try {
      return describe(question.call());
    } catch (Throwable e) {
      return "throws " + describe(e);
    }
  }

  private static String kind(@Nullable Object returned) {
    return switch (returned) {
      case CompletionStage<?> _ -> "a stage";
      case Executor _ -> "an executor";
      case String text when text.indexOf('[') > 0 -> text.substring(text.indexOf('['));
      case null, default -> describe(returned);
    };
  }

  private static String describe(@Nullable Object object) {
    return switch (object) {
      case CompletionStage<?> _ -> "a stage";
      case Throwable thrown -> {
        Throwable cause = thrown.getCause();
        yield thrown.getClass().getSimpleName()
            + switch (thrown) {
              case IOException _, IllegalArgumentException _, TimeoutException _ ->
                  ": " + thrown.getMessage();
              default -> cause == null ? "" : " of " + describe(cause);
            };
      }
      case null, default -> String.valueOf(object);
    };
  }

  private static CancelledException ours() {
    return new CancelledException(
        CancellationToken.cancelled(CancellationReason.requested("enough")));
  }

  /** Waits for what another thread does. */
  private static void awaitDone(CompletionStage<?> stage) {
    var done = new CompletableFuture<Boolean>();
    var _ = stage.whenComplete((_, _) -> done.complete(true));
    try {
      assertTrue(done.get(20, TimeUnit.SECONDS));
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new AssertionError("not done: " + stage, e);
    }
  }
}
