package dev.desist;

import dev.desist.internal.Foreign;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.DynamicTestInvocationContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/**
 * Around every test: whoever reports a failure asks it for words, and one that cannot speak, as
 * some here, would end the report, and the build would be a success. So that is told in its place.
 */
public final class SpeakableFailures implements InvocationInterceptor {
  /** Found by JUnit, as a service. */
  public SpeakableFailures() {}

  @Override
  public void interceptTestMethod(
      Invocation<@Nullable Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    speak(invocation);
  }

  @Override
  public void interceptTestTemplateMethod(
      Invocation<@Nullable Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    speak(invocation);
  }

  @Override
  public void interceptDynamicTest(
      Invocation<@Nullable Void> invocation,
      DynamicTestInvocationContext test,
      ExtensionContext context)
      throws Throwable {
    speak(invocation);
  }

  private static void speak(Invocation<@Nullable Void> invocation) throws Throwable {
    try {
      Void _ = invocation.proceed();
    } catch (Throwable e) {
      throw Foreign.find(e, SpeakableFailures::isMute) == null ? e : new AssertionError(told(e));
    }
  }

  private static boolean isMute(Throwable thrown) {
    try {
      String _ = thrown.getMessage();
      String _ = thrown.getLocalizedMessage();
      Throwable _ = thrown.getCause();
    } catch (Throwable e) {
      return true;
    }
    return !Foreign.canSpeak(thrown);
  }

  private static String told(Throwable thrown) {
    var told = new StringBuilder();
    Foreign.find(
        thrown,
        one -> {
          told.append(told.isEmpty() ? "" : "\nwith ").append(Foreign.describe(one));
          for (StackTraceElement frame : one.getStackTrace()) {
            told.append("\n    at ").append(frame);
          }
          return false;
        });
    return told.toString();
  }
}
