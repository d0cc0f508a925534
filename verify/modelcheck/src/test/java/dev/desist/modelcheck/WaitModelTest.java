package dev.desist.modelcheck;

import static dev.desist.modelcheck.Run.check;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.concurrent.Clause;
import dev.desist.concurrent.Event;
import dev.desist.concurrent.Select;
import dev.desist.concurrent.SelectableQueue;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Promises 6 and 20: whoever waits is woken, and nothing is lost on the way. */
@Tag("stress")
class WaitModelTest {

  @Test
  void promise6_who_waits_for_a_token_is_woken() {
    Models.tryOrders(CancelAndAwait.class);
  }

  /** Cancels, while a thread begins to wait for a child. */
  public static class CancelAndAwait {
    /** The program. */
    @Operation
    public void run() throws InterruptedException {
      var source = CancellationSource.create();
      var child = source.token().child();
      Thread canceller = Run.start(source::cancel);
      check(child.token().await(), "cancelled");
      Run.join(canceller);
    }
  }

  @Test
  void promise20_an_element_is_taken_or_still_there() {
    Models.tryOrders(PutAndCancelAndSelect.class);
  }

  /** Puts an element and cancels, on two threads, while a third selects. */
  public static class PutAndCancelAndSelect {
    /** The program. */
    @Operation
    public void run() throws InterruptedException {
      var source = CancellationSource.create();
      SelectableQueue<String> queue = SelectableQueue.unbounded();
      Thread putter = Run.start(() -> queue.add("element"));
      Thread canceller = Run.start(source::cancel);
      int taken = 0;
      try {
        taken = Select.biased(Clause.taken(queue, String::length)).await(source.token());
        check(taken == 7, "the element");
      } catch (CancelledException e) {
        check(source.isCancelled(), "cancelled");
      }
      Run.join(putter);
      Run.join(canceller);
      check(queue.size() == (taken == 0 ? 1 : 0), "taken, or still there");
    }
  }

  @Test
  void promise20_each_of_two_who_select_gets_an_element() {
    Models.tryOrders(PutAndSelectTwice.class);
  }

  /** Puts two elements, while two threads select one each. */
  public static class PutAndSelectTwice {
    /** The program. */
    @Operation
    public void run() throws InterruptedException {
      var source = CancellationSource.create();
      SelectableQueue<String> queue = SelectableQueue.unbounded();
      var select = Select.biased(Clause.taken(queue, String::length));
      Thread other =
          Run.start(
              () -> {
                try {
                  select.await(source.token());
                } catch (InterruptedException e) {
                  throw new AssertionError(e);
                }
              });
      Thread putter =
          Run.start(
              () -> {
                queue.add("first");
                queue.add("second");
              });
      select.await(source.token());
      Run.join(other);
      Run.join(putter);
      check(queue.isEmpty(), "both were taken");
    }
  }

  @Test
  void promise20_who_waits_for_an_event_is_told_or_cancelled() {
    Models.tryOrders(SetAndCancelAndAwait.class);
  }

  /** Sets an event, then cancels, while a thread waits. */
  public static class SetAndCancelAndAwait {
    /** The program. */
    @Operation
    public void run() throws InterruptedException {
      var source = CancellationSource.create();
      Event<String> event = Event.create();
      Thread other =
          Run.start(
              () -> {
                event.set("value");
                source.cancel();
              });
      check(event.await(source.token()).equals("value"), "what was set first wins");
      Run.join(other);
    }
  }
}
