package dev.desist.concurrent;

import static dev.desist.modelcheck.Run.check;

import dev.desist.CancellationSource;
import dev.desist.CancelledException;
import dev.desist.internal.GuardedThread;
import dev.desist.modelcheck.Models;
import dev.desist.modelcheck.Run;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Promise 18, for the protocol of the interrupt bridge. In each program the first thread makes
 * guarded calls, and others cancel or interrupt it. A call that waits for an interrupt that never
 * comes is a deadlock, which Lincheck reports.
 */
@Tag("stress")
class GuardedThreadModelTest {
  // ---- one call ----

  @Test
  void promise18_an_interrupt_never_comes_after_the_call() {
    Models.tryOrders(CancelAndNextCall.class);
  }

  /** Cancels a call, while the thread leaves it and makes another. */
  public static class CancelAndNextCall {
    /** The program. */
    @Operation
    public void run() throws Exception {
      var source = CancellationSource.create();
      var next = CancellationSource.create();
      var caller = new Caller();
      caller.beside(source::cancel);
      String first =
          outcome(() -> Blocking.interruptibly(caller.guarded, source.token(), caller::look));
      String second =
          outcome(() -> Blocking.interruptibly(caller.guarded, next.token(), caller::look));
      check(!caller.isInterruptedAfter(), "no interrupt is left");
      check(first.equals("value") || first.equals("cancelled"), "the first: " + first);
      check(second.equals("value"), "the second: " + second);
    }
  }

  @Test
  void promise18_an_interrupt_reaches_a_blocked_call() {
    Models.tryOrders(CancelOfBlocked.class);
  }

  /** Cancels a call that waits. */
  public static class CancelOfBlocked {
    /** The program. */
    @Operation
    public void run() throws Exception {
      var source = CancellationSource.create();
      var caller = new Caller();
      caller.beside(source::cancel);
      String outcome =
          outcome(() -> Blocking.interruptibly(caller.guarded, source.token(), caller::block));
      caller.checkCancelled(outcome);
    }
  }

  // ---- somebody else's interrupt ----

  @Test
  void promise18_a_foreign_interrupt_before_the_cancel_is_not_lost() {
    Models.tryOrders(InterruptThenCancel.class);
  }

  /** Interrupts, then cancels. */
  public static class InterruptThenCancel {
    /** The program. */
    @Operation
    public void run() throws Exception {
      var source = CancellationSource.create();
      var caller = new Caller();
      caller.beside(
          () -> {
            caller.thread.interrupt();
            source.cancel();
          });
      String outcome =
          outcome(() -> Blocking.interruptibly(caller.guarded, source.token(), caller::look));
      check(
          caller.isInterruptedAfter() || outcome.equals("interrupted"),
          "lost, the call gave: " + outcome);
    }
  }

  @Test
  void promise18_a_foreign_interrupt_beside_the_cancel_is_not_lost() {
    Models.tryOrders(InterruptBesideCancel.class);
  }

  /** Interrupts and cancels, on two threads. */
  public static class InterruptBesideCancel {
    private volatile boolean cancelling;
    private volatile boolean left;
    private volatile boolean early;
    private volatile boolean late;

    /** The program. */
    @Operation
    public void run() throws Exception {
      var source = CancellationSource.create();
      var caller = new Caller();
      caller.beside(
          () -> {
            cancelling = true;
            source.cancel();
          });
      caller.beside(
          () -> {
            late = left;
            caller.thread.interrupt();
            early = !cancelling;
          });
      String outcome =
          outcome(() -> Blocking.interruptibly(caller.guarded, source.token(), caller::look));
      left = true;
      boolean seen = caller.isInterruptedAfter() || outcome.equals("interrupted");
      check(seen || (!early && !late), "lost, the call gave: " + outcome);
    }
  }

  // ---- calls in calls ----

  @Test
  void promise18_the_outer_cancel_is_not_lost_to_an_earlier_inner_one() {
    Models.tryOrders(CancelInnerThenOuter.class);
  }

  /** Cancels the inner call, then the outer one. */
  public static class CancelInnerThenOuter extends Nested {
    /** The program. */
    @Operation
    public void run() throws Exception {
      var caller = new Caller();
      run(
          caller,
          caller::look,
          () -> {
            inner.cancel();
            outer.cancel();
          });
    }
  }

  @Test
  void promise18_the_outer_cancel_is_not_lost_to_a_later_inner_one() {
    Models.tryOrders(CancelOuterThenInner.class);
  }

  /** Cancels the outer call, then the inner one. */
  public static class CancelOuterThenInner extends Nested {
    /** The program. */
    @Operation
    public void run() throws Exception {
      var caller = new Caller();
      run(
          caller,
          caller::look,
          () -> {
            outer.cancel();
            inner.cancel();
          });
    }
  }

  @Test
  void promise18_the_outer_cancel_is_not_lost_to_an_inner_one_beside_it() {
    Models.tryOrders(CancelOuterBesideInner.class);
  }

  /** Cancels both calls, on two threads. */
  public static class CancelOuterBesideInner extends Nested {
    /** The program. */
    @Operation
    public void run() throws Exception {
      var caller = new Caller();
      run(caller, caller::look, outer::cancel, inner::cancel);
    }
  }

  @Test
  void promise18_the_outer_cancel_comes_again_if_an_inner_call_swallows_it() {
    Models.tryOrders(CancelOuterOfSwallowing.class);
  }

  /** Cancels the outer call, while the inner one takes every interrupt for its own. */
  public static class CancelOuterOfSwallowing extends Nested {
    /** The program. */
    @Operation
    public void run() throws Exception {
      var caller = new Caller();
      run(caller, caller::swallow, outer::cancel);
    }
  }

  /** A call in a call: the outer one goes on until it is cancelled. */
  public abstract static class Nested {
    final CancellationSource outer = CancellationSource.create();
    final CancellationSource inner = CancellationSource.create();

    final void run(Caller caller, Callable<String> body, Runnable... others) throws Exception {
      for (Runnable other : others) {
        caller.beside(other);
      }
      String outcome =
          outcome(
              () ->
                  Blocking.interruptibly(
                      caller.guarded,
                      outer.token(),
                      () -> {
                        try {
                          Blocking.interruptibly(caller.guarded, inner.token(), body::call);
                        } catch (CancelledException e) {
                          Caller.step = 3; // the inner one; the outer one goes on
                        }
                        return caller.block();
                      }));
      caller.checkCancelled(outcome);
    }
  }

  // ---- masks ----

  @Test
  void promise18_an_interrupt_stays_out_of_masks_and_comes_afterwards() {
    Models.tryOrders(CancelAroundMasks.class);
  }

  /** Cancels a call that goes through two masks, one in the other. */
  public static class CancelAroundMasks {
    /** The program. */
    @Operation
    public void run() throws Exception {
      var source = CancellationSource.create();
      var caller = new Caller();
      caller.beside(source::cancel);
      String outcome =
          outcome(
              () ->
                  Blocking.interruptibly(
                      caller.guarded,
                      source.token(),
                      () -> {
                        caller.guarded.masked(
                            () -> {
                              caller.guarded.masked(caller::lookForNothing);
                              return caller.lookForNothing();
                            });
                        return caller.block();
                      }));
      caller.checkCancelled(outcome);
    }
  }

  @Test
  void promise18_what_a_mask_held_back_never_comes_after_the_call() {
    Models.tryOrders(CancelAroundMaskAtTheEnd.class);
  }

  /** Cancels a call that ends with a mask. */
  public static class CancelAroundMaskAtTheEnd {
    /** The program. */
    @Operation
    public void run() throws Exception {
      var source = CancellationSource.create();
      var caller = new Caller();
      caller.beside(source::cancel);
      String first =
          outcome(
              () ->
                  Blocking.interruptibly(
                      caller.guarded,
                      source.token(),
                      () -> caller.guarded.masked(caller::lookForNothing)));
      String second = outcome(caller::look);
      check(!caller.isInterruptedAfter(), "no interrupt is left");
      check(first.equals("value"), "the call: " + first);
      check(second.equals("value"), "after the call: " + second);
    }
  }

  @Test
  void promise18_a_call_in_a_mask_lets_nothing_in() {
    Models.tryOrders(CancelAroundMaskWithCall.class);
  }

  /** Cancels a call with a mask that has another call inside. */
  public static class CancelAroundMaskWithCall {
    /** The program. */
    @Operation
    public void run() throws Exception {
      var outer = CancellationSource.create();
      var inner = CancellationSource.create();
      var caller = new Caller();
      caller.beside(outer::cancel);
      String outcome =
          outcome(
              () ->
                  Blocking.interruptibly(
                      caller.guarded,
                      outer.token(),
                      () -> {
                        caller.guarded.masked(
                            () -> {
                              Blocking.interruptibly(
                                  caller.guarded, inner.token(), caller::lookForNothing);
                              return caller.lookForNothing();
                            });
                        return caller.block();
                      }));
      caller.checkCancelled(outcome);
    }
  }

  @Test
  void promise18_a_call_in_a_mask_can_be_cancelled() {
    Models.tryOrders(CancelAroundMaskAndInside.class);
  }

  /** Cancels a call, and then another one that waits inside its mask. */
  public static class CancelAroundMaskAndInside {
    /** The program. */
    @Operation
    public void run() throws Exception {
      var outer = CancellationSource.create();
      var inner = CancellationSource.create();
      var caller = new Caller();
      caller.beside(
          () -> {
            outer.cancel();
            inner.cancel();
          });
      String outcome =
          outcome(
              () ->
                  Blocking.interruptibly(
                      caller.guarded,
                      outer.token(),
                      () -> {
                        caller.guarded.masked(
                            () -> {
                              String inside =
                                  outcome(
                                      () ->
                                          Blocking.interruptibly(
                                              caller.guarded, inner.token(), caller::block));
                              check(inside.equals("cancelled"), "inside: " + inside);
                              return caller.lookForNothing();
                            });
                        return caller.block();
                      }));
      caller.checkCancelled(outcome);
    }
  }

  @Test
  void promise18_a_mask_lets_a_foreign_interrupt_in() {
    Models.tryOrders(InterruptInMask.class);
  }

  /** Interrupts a mask in a call, which is cancelled afterwards. */
  public static class InterruptInMask {
    /** The program. */
    @Operation
    public void run() throws Exception {
      var source = CancellationSource.create();
      var caller = new Caller();
      caller.beside(
          () -> {
            caller.thread.interrupt();
            source.cancel();
          });
      String outcome =
          outcome(
              () ->
                  Blocking.interruptibly(
                      caller.guarded, source.token(), () -> caller.guarded.masked(caller::block)));
      check(
          caller.isInterruptedAfter() || outcome.equals("interrupted"),
          "lost, the call gave: " + outcome);
    }
  }

  // ---- queues ----

  @Test
  void promise20_an_element_is_taken_or_still_there() {
    Models.tryOrders(PutAndCancelAndTake.class);
  }

  /** Puts an element and cancels, on two threads, while a third takes. */
  public static class PutAndCancelAndTake {
    /** The program. */
    @Operation
    public void run() throws Exception {
      var source = CancellationSource.create();
      var caller = new Caller();
      var queue = new Cell(caller.thread);
      caller.beside(queue::put);
      caller.beside(source::cancel);
      String outcome =
          outcome(() -> Blocking.interruptibly(caller.guarded, source.token(), queue::take));
      check(!caller.isInterruptedAfter(), "no interrupt is left");
      check(outcome.equals(queue.full ? "cancelled" : "value"), outcome + ", full: " + queue.full);
    }
  }

  /** A queue for one element, which keeps what a blocking queue promises: see Queues. */
  static final class Cell {
    private final Thread taker;
    volatile boolean full;

    Cell(Thread taker) {
      this.taker = taker;
    }

    void put() {
      full = true;
      LockSupport.unpark(taker);
    }

    String take() throws InterruptedException {
      while (true) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        if (full) {
          full = false;
          return "value";
        }
        LockSupport.park();
      }
    }
  }

  // ---- what they are made of ----

  /** The thread that makes the calls, and those beside it. */
  static final class Caller {
    final Thread thread = Thread.currentThread();

    /**
     * Interrupted by whoever cancels, who stands for the dispatcher; not so the thread itself, when
     * it finds that the token is cancelled already.
     */
    final GuardedThread guarded =
        new GuardedThread(
            thread,
            call -> {
              if (Thread.currentThread() == thread) {
                beside(() -> send(call));
              } else {
                send(call);
              }
            });

    private static void send(GuardedThread.Call call) {
      while (!call.deliver()) {
        LockSupport.parkNanos(1_000_000); // as often as it takes
      }
    }

    /** Written between two steps of a body: there, other threads may run. */
    private static volatile int step;

    private final List<Thread> others = new ArrayList<>();

    /** Starts another thread. */
    void beside(Runnable task) {
      others.add(Run.start(task));
    }

    /** Waits for the others; afterwards nobody can interrupt. The flag is clear then. */
    boolean isInterruptedAfter() {
      boolean interrupted = Thread.interrupted();
      for (Thread other : others) {
        interrupted |= Run.join(other);
      }
      return interrupted;
    }

    /** Holds that the whole ended with its cancellation, and left no interrupt. */
    void checkCancelled(String outcome) {
      check(!isInterruptedAfter(), "no interrupt is left");
      check(outcome.equals("cancelled"), outcome);
    }

    // What is called.

    /** Looks at the flag twice, and goes on otherwise. */
    String look() throws InterruptedException {
      for (int i = 0; i < 2; i++) {
        step = i;
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
      }
      step = 2;
      return "value";
    }

    /** Takes every interrupt for its own. */
    String swallow() {
      try {
        return look();
      } catch (InterruptedException e) {
        return "swallowed";
      }
    }

    /** Waits for an interrupt. */
    String block() throws InterruptedException {
      while (!Thread.interrupted()) {
        LockSupport.park();
      }
      throw new InterruptedException();
    }

    /** Holds that the flag is never set. */
    String lookForNothing() {
      for (int i = 0; i < 2; i++) {
        step = i;
        check(!Thread.currentThread().isInterrupted(), "no interrupt in a mask");
      }
      step = 2;
      return "value";
    }
  }

  /** How a call ended. */
  private static String outcome(Callable<String> call) throws Exception {
    try {
      return call.call();
    } catch (CancelledException e) {
      return "cancelled";
    } catch (InterruptedException e) {
      return "interrupted";
    }
  }
}
