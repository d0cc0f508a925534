package dev.desist.retries;

import dev.desist.Cancellation;
import dev.failsafe.Failsafe;
import dev.failsafe.RetryPolicy;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import org.springframework.core.retry.RetryTemplate;
import org.springframework.retry.support.RetryTemplateBuilder;

/** The retriers, each set up to try three times. */
enum Retrier {
  FAILSAFE {
    @Override
    <T> T call(Predicate<Throwable> worth, Duration delay, Callable<T> request) {
      // @start region="failsafe"
      RetryPolicy<Object> policy =
          RetryPolicy.builder()
              .withMaxAttempts(3)
              .withDelay(delay)
              .abortOn(failure -> !worth.test(failure))
              .build();
      return Failsafe.with(policy).get(request::call);
      // @end
    }
  },

  RESILIENCE4J {
    @Override
    <T> T call(Predicate<Throwable> worth, Duration delay, Callable<T> request) throws Exception {
      // @start region="resilience4j"
      RetryConfig config =
          RetryConfig.custom().maxAttempts(3).waitDuration(delay).retryOnException(worth).build();
      return Retry.of("request", config).executeCallable(request);
      // @end
    }
  },

  SPRING {
    @Override
    <T> T call(Predicate<Throwable> worth, Duration delay, Callable<T> request) throws Exception {
      // @start region="spring"
      var policy =
          org.springframework.core.retry.RetryPolicy.builder()
              .maxRetries(2)
              .delay(delay)
              .predicate(worth)
              .build();
      return new RetryTemplate(policy).execute(request::call);
      // @end
    }
  },

  SPRING_RETRY {
    @Override
    <T> T call(Predicate<Throwable> worth, Duration delay, Callable<T> request) throws Exception {
      // @start region="spring-retry"
      var template =
          new RetryTemplateBuilder()
              .maxAttempts(3)
              .fixedBackoff(Math.max(1, delay.toMillis()))
              .build();
      template.setRetryPolicy(new ThreeWhile(worth));
      return template.<T, Exception>execute(_ -> request.call());
      // @end
    }
  };

  /** Spring Retry's builder takes a number or a predicate, not both. */
  private static final class ThreeWhile extends org.springframework.retry.policy.SimpleRetryPolicy {
    private static final long serialVersionUID = 1;

    private final transient Predicate<Throwable> worth;

    ThreeWhile(Predicate<Throwable> worth) {
      super(3);
      this.worth = worth;
    }

    @Override
    public boolean canRetry(org.springframework.retry.RetryContext context) {
      Throwable last = context.getLastThrowable();
      return super.canRetry(context) && (last == null || worth.test(last));
    }
  }

  // @start region="worth"
  /** For any retrier, however often it is shared: asked on the thread that made the call. */
  static boolean isWorthAnotherTry(Throwable failure) {
    return !Cancellation.current().isCancelled();
  }

  // @end

  abstract <T> T call(Predicate<Throwable> worth, Duration delay, Callable<T> request)
      throws Exception;
}
