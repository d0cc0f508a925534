package dev.desist.shutdown;

import dev.desist.CancellationToken;
import dev.desist.internal.Foreign;
import dev.desist.internal.Lane;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** Runs the code of users: a thread for each action, a virtual one if there are no others. */
final class Crew {
  private final String name;
  private final Findings findings;

  /**
   * @param name what is shut down
   * @param findings gets what actions throw
   */
  Crew(String name, Findings findings) {
    this.name = name;
    this.findings = findings;
    Lane.setAside(); // for when no thread can be started
  }

  /** Runs all of them, whose phase has been entered, which they can see. */
  void launch(List<Participant> actions, CancellationToken token) {
    actions.forEach(action -> launch(action, token));
  }

  /** Runs one; returns whether there was a thread to be had. */
  boolean launch(Participant action, CancellationToken token) {
    var begun = new AtomicBoolean(); // whoever fails to take it may have taken it
    Runnable body =
        () -> {
          if (begun.compareAndSet(false, true)) {
            action.run(token, this::failed);
          }
        };
    try {
      Lane.WORK.execute(body);
      return true;
    } catch (Throwable e) {
      try {
        Thread.ofVirtual()
            .name("desist-shutdown-action")
            .inheritInheritableThreadLocals(false)
            .start(body);
        return true;
      } catch (Throwable again) {
        failed(action, e);
        action.roster.leave(action);
        return false;
      }
    }
  }

  private void failed(Participant participant, Throwable thrown) {
    if (participant.roster.phase() == ShutdownPhase.OVER) {
      Foreign.log(
          System.Logger.Level.ERROR, "the report on the shutdown of " + name + " failed", thrown);
    } else {
      findings.failed(participant.name(), participant.roster.phase(), thrown);
    }
  }
}
