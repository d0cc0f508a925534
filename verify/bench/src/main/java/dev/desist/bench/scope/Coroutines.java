package dev.desist.bench.scope;

import java.util.function.Supplier;
import kotlin.coroutines.Continuation;
import kotlin.coroutines.EmptyCoroutineContext;
import kotlin.jvm.functions.Function2;
import kotlinx.coroutines.BuildersKt;
import kotlinx.coroutines.CoroutineScope;
import kotlinx.coroutines.CoroutineStart;
import kotlinx.coroutines.Deferred;
import kotlinx.coroutines.Dispatchers;
import org.jspecify.annotations.Nullable;

/**
 * What a benchmark needs of kotlinx.coroutines, called from Java. A suspending function called last
 * in a lambda is given the lambda's continuation, as the Kotlin compiler would do; so no state
 * machine has to be written by hand.
 */
final class Coroutines {
  private Coroutines() {}

  /** {@return what the body gives, after all coroutines started in it have ended} */
  static <T> T blocking(Function2<CoroutineScope, Continuation<? super T>, @Nullable Object> body)
      throws InterruptedException {
    return BuildersKt.runBlocking(EmptyCoroutineContext.INSTANCE, body);
  }

  /** Starts a task on the default dispatcher: a coroutine in a pool, not a thread of its own. */
  static <T> Deferred<T> async(CoroutineScope scope, Supplier<T> task) {
    return async(scope, (_, _) -> task.get());
  }

  static <T> Deferred<T> async(
      CoroutineScope scope,
      Function2<CoroutineScope, Continuation<? super T>, @Nullable Object> body) {
    return BuildersKt.async(scope, Dispatchers.getDefault(), CoroutineStart.DEFAULT, body);
  }
}
