package dev.desist.modelcheck;

import static dev.desist.modelcheck.Run.check;

import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Promises 1, 3, 7, 10 and 12: tokens, their callbacks and their descendants. */
@Tag("stress")
class TokenModelTest {

  // ---- one token ----

  @Test
  void promises_1_7_12_a_token_changes_in_one_step() {
    Models.tryOperations(Token.class, TokenSpecification.class);
  }

  /** A token, and who asks it, has children of it and registers on it. */
  public static class Token {
    private final CancellationSource source = CancellationSource.create();

    /** Whether this call did it. */
    @Operation
    public boolean cancel() {
      return source.cancel();
    }

    /** Once true, true for ever. */
    @Operation
    public boolean isCancelled() {
      return source.isCancelled();
    }

    /** Whether a child is born cancelled. */
    @Operation
    public boolean child() {
      return source.token().child().isCancelled();
    }

    /** Whether a callback ran before it was registered. */
    @Operation
    public boolean register() {
      var ran = new AtomicInteger();
      source.token().onCancel(ran::incrementAndGet);
      return ran.get() == 1;
    }
  }

  /** What {@link Token} is for one thread. */
  public static class TokenSpecification {
    private boolean cancelled;

    /** Cancels. */
    public boolean cancel() {
      boolean first = !cancelled;
      cancelled = true;
      return first;
    }

    /** Asks. */
    public boolean isCancelled() {
      return cancelled;
    }

    /** Asks a child. */
    public boolean child() {
      return cancelled;
    }

    /** Asks a callback. */
    public boolean register() {
      return cancelled;
    }
  }

  // ---- a callback ----

  @Test
  void promises_7_10_a_callback_runs_or_was_unregistered() {
    Models.tryOperations(Callback.class, CallbackSpecification.class);
  }

  /** A token with one callback. Cancelled once, since who comes second waits for nobody. */
  public static class Callback {
    private final CancellationSource source = CancellationSource.create();
    private final AtomicInteger ran = new AtomicInteger();
    private final CancellationRegistration registration =
        source.token().onCancel(ran::incrementAndGet);

    /** How often the callback has run then. */
    @Operation(runOnce = true)
    public int cancel() {
      source.cancel();
      return ran.get();
    }

    /** Whether this call made sure that it never runs. */
    @Operation
    public boolean unregister() {
      return registration.unregister();
    }
  }

  /** What {@link Callback} is for one thread. */
  public static class CallbackSpecification {
    private boolean waiting = true;
    private int ran;

    /** Runs it if it waits. */
    public int cancel() {
      ran = waiting ? 1 : 0;
      waiting = false;
      return ran;
    }

    /** Withdraws it if it waits. */
    public boolean unregister() {
      boolean was = waiting;
      waiting = false;
      return was;
    }
  }

  // ---- several callbacks ----

  @Test
  void promise7_neighbours_come_and_go_beside_the_cancel() {
    Models.tryOrders(CancelAndNeighbours.class);
  }

  /** Cancels, while one callback leaves from between others, and one comes. */
  public static class CancelAndNeighbours {
    /** The program. */
    @Operation
    public void run() {
      var source = CancellationSource.create();
      var ran = new AtomicIntegerArray(4);
      var registrations = new ArrayList<CancellationRegistration>();
      for (int i = 0; i < 3; i++) {
        int each = i;
        registrations.add(source.token().onCancel(() -> ran.incrementAndGet(each)));
      }
      Thread canceller = Run.start(source::cancel);
      boolean withdrawn = registrations.get(1).unregister();
      source.token().onCancel(() -> ran.incrementAndGet(3));
      Run.join(canceller);
      check(ran.get(0) == 1 && ran.get(2) == 1 && ran.get(3) == 1, "those that stay run: " + ran);
      check(ran.get(1) == (withdrawn ? 0 : 1), "the one that left: " + ran);
    }
  }

  // ---- children ----

  @Test
  void promises_3_12_a_tree_grows_beside_the_cancel() {
    Models.tryOrders(CancelAndGrow.class);
  }

  /** Cancels the root, while a child, a grandchild and a callback of that come. */
  public static class CancelAndGrow {
    /** The program. */
    @Operation
    public void run() {
      var root = CancellationSource.create();
      var older = root.token().child();
      var ran = new AtomicInteger();
      Thread canceller = Run.start(root::cancel);
      var child = root.token().child();
      var grandchild = child.token().child();
      grandchild
          .token()
          .onCancel(
              () -> {
                check(root.isCancelled(), "the root tells first");
                check(older.isCancelled(), "the older child tells first");
                check(child.isCancelled(), "the child tells first");
                check(grandchild.isCancelled(), "the grandchild tells first");
                ran.incrementAndGet();
              });
      Run.join(canceller);
      check(ran.get() == 1, "the callback ran: " + ran);
    }
  }

  @Test
  void promise12_siblings_close_beside_the_cancel() {
    Models.tryOrders(CancelAndCloseSiblings.class);
  }

  /** Cancels the root, while two of three children are closed. */
  public static class CancelAndCloseSiblings {
    /** The program. */
    @Operation
    public void run() {
      var root = CancellationSource.create();
      var children = new ArrayList<CancellationSource>();
      var ran = new AtomicIntegerArray(3);
      for (int i = 0; i < 3; i++) {
        int each = i;
        var child = root.token().child();
        child.token().onCancel(() -> ran.incrementAndGet(each));
        children.add(child);
      }
      Thread canceller =
          Run.start(
              () -> {
                root.cancel();
                check(children.stream().allMatch(CancellationSource::isCancelled), "all tell");
              });
      Thread closer = Run.start(children.get(1)::close);
      children.get(0).close();
      Run.join(canceller);
      Run.join(closer);
      for (int i = 0; i < 3; i++) {
        check(ran.get(i) == 1, "each callback runs once: " + ran);
      }
    }
  }

  // ---- linked sources ----

  @Test
  void promise12_a_linked_source_goes_with_the_first_of_its_parents() {
    Models.tryOrders(CancelBothParents.class);
  }

  /** Cancels both parents of a linked source that has a child. */
  public static class CancelBothParents {
    /** The program. */
    @Operation
    public void run() {
      var first = CancellationSource.create();
      var second = CancellationSource.create();
      var linked = CancellationSource.linkedTo(first.token(), second.token());
      var child = linked.token().child();
      var ran = new AtomicInteger();
      child
          .token()
          .onCancel(
              () -> {
                check(linked.isCancelled() && child.isCancelled(), "all tell first");
                ran.incrementAndGet();
              });
      Thread other = Run.start(() -> cancel(second, linked, child));
      cancel(first, linked, child);
      Run.join(other);
      check(ran.get() == 1, "the callback ran: " + ran);
      var reason = linked.token().reason();
      check(
          reason.equals(first.token().reason()) || reason.equals(second.token().reason()),
          "the reason is that of a parent");
      check(reason.equals(child.token().reason()), "the reason is handed down");
    }

    private static void cancel(
        CancellationSource parent, CancellationSource linked, CancellationSource child) {
      check(parent.cancel(), "nobody else cancels it");
      check(linked.isCancelled() && child.isCancelled(), "all tell afterwards");
    }
  }

  @Test
  void promise12_a_link_is_made_beside_the_cancel() {
    Models.tryOrders(CancelAndLink.class);
  }

  /** Cancels the parents of a linked source that is being made. */
  public static class CancelAndLink {
    /** The program. */
    @Operation
    public void run() {
      var first = CancellationSource.create();
      var second = CancellationSource.create();
      var ran = new AtomicInteger();
      Thread other =
          Run.start(
              () -> {
                second.cancel();
                first.cancel();
              });
      var linked = CancellationSource.linkedTo(first.token(), second.token());
      linked.token().onCancel(ran::incrementAndGet);
      Run.join(other);
      check(linked.isCancelled(), "the linked source tells");
      check(ran.get() == 1, "the callback ran: " + ran);
    }
  }
}
