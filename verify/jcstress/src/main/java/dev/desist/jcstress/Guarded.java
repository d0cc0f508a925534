package dev.desist.jcstress;

import dev.desist.CancelledException;
import java.util.concurrent.Callable;

/** What calls that can be interrupted are made of. */
final class Guarded {
  private Guarded() {}

  /** How a call ended: with what it returned, "cancelled", or "interrupted". */
  static String outcome(Callable<String> call) {
    try {
      return call.call();
    } catch (CancelledException e) {
      return "cancelled";
    } catch (InterruptedException e) {
      return "interrupted";
    } catch (Exception e) {
      return e.toString();
    }
  }

  /** Goes on for a moment, but ends at an interrupt. */
  static String spin() throws InterruptedException {
    for (int i = 0; i < 200; i++) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      Thread.onSpinWait();
    }
    return "value";
  }

  /** Goes on until there is an interrupt. */
  static String untilInterrupted() throws InterruptedException {
    Wait.until(() -> Thread.currentThread().isInterrupted());
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    return "lost";
  }
}
