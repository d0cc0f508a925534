package dev.desist.concurrent;

import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.internal.Arguments;
import dev.desist.internal.Stack;
import java.util.AbstractQueue;
import java.util.Collection;
import java.util.Iterator;
import java.util.Objects;
import java.util.Spliterator;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A first-in, first-out blocking queue that {@link Select} can wait for beside other things, and
 * take from without the risk that an element is lost.
 *
 * {@snippet class="dev.desist.snippets.SelectSnippets" region="queues"}
 *
 * <p>Not every {@link BlockingQueue} can be selected from. It offers two ways to wait for an
 * element: {@code take}, which would need a thread for each queue and takes from those that lose,
 * and asking again and again. This one tells when an element arrives, and then whoever waits asks
 * for it without blocking.
 *
 * <p>Everything else is as in {@link LinkedBlockingQueue}: what blocks obeys interrupts, iterators
 * are weakly consistent, null is not an element. Those who select and those who {@code take} may
 * share a queue; an element goes to whoever is first. What {@code contains}, {@code remove} and
 * {@code drainTo} call of the elements and of the target runs under the locks of that queue, too.
 *
 * <h2>Thread safety and memory consistency effects</h2>
 *
 * <p>All methods may be called from any thread. What a thread did before it put an element into the
 * queue <i>happens-before</i> what another does after it took it out, selecting included.
 *
 * @implNote To put costs a few loads more than in a {@link LinkedBlockingQueue} while no thread
 *     selects from it. A thread that does is woken by the next element; if several are, all of them
 *     are woken, one gets the element and the others go back to waiting. So with very many threads
 *     that do nothing but wait for one queue, {@code take} is cheaper.
 * @param <E> what the elements are
 */
public final class SelectableQueue<E> extends AbstractQueue<E> implements BlockingQueue<E> {
  /*
   * Overview: a queue, and a source that is cancelled when an element arrives. A thread that
   * selects fetches the source's token, then asks the queue, and if it found nothing waits for the
   * token.
   *
   * States:      `arrival`: LIVE, somebody may be waiting for it -> CANCELLED, nobody needs telling
   *              -> replaced by a LIVE one.
   * Invariants:  1. A source in `arrival` is replaced only when it is cancelled, and only by a live
   *                 one.
   *              2. An element is first in the queue, and then `arrival` is read and cancelled; a
   *                 waiter first reads `arrival`, or replaces it, and then asks the queue.
   * No wake-up is lost: let a waiter have fetched the token of K, asked the queue and found
   * nothing, and let an element be put. If the putter finds K in `arrival`, it leaves K cancelled.
   * If it finds a later one, K has been cancelled (invariant 1). If it finds an earlier one, its
   * read came before K was there; so the element was in the queue before the waiter asked, and
   * somebody else has taken it. Being cancelled is for ever, so it matters not when the waiter
   * begins to wait. This needs one order of four accesses: element in, `arrival` read; `arrival`
   * read, queue asked. Those of `arrival` are volatile, and so is the count by which the queue
   * inside tells that it is empty. Every arrival wakes all waiters of that moment, so none can be
   * woken in vain in the place of another: a waiter that is woken and goes away without the
   * element, cancelled or served elsewhere, owes nothing to the others.
   * Progress:    nobody waits for anybody. A putter that sees a live source cancels it itself, and
   *              does not rely on another that may have stopped on the way there.
   */
  private static final CancellationReason ARRIVED =
      CancellationReason.requested("an element arrived");

  private final LinkedBlockingQueue<E> queue;

  private final AtomicReference<CancellationSource> arrival;

  private SelectableQueue(LinkedBlockingQueue<E> queue) {
    this.queue = queue;
    var nobodyWaits = CancellationSource.create();
    nobodyWaits.cancel(ARRIVED);
    this.arrival = new AtomicReference<>(nobodyWaits);
  }

  /**
   * {@return a new queue that holds any number of elements}
   *
   * @param <E> what the elements are
   */
  public static <E> SelectableQueue<E> unbounded() {
    return new SelectableQueue<>(new LinkedBlockingQueue<>());
  }

  /**
   * {@return a new queue that holds at most {@code capacity} elements}
   *
   * @param <E> what the elements are
   * @param capacity how many; then {@code put} waits and {@code offer} is refused
   * @throws IllegalArgumentException if the capacity is not positive
   */
  public static <E> SelectableQueue<E> bounded(int capacity) {
    return new SelectableQueue<>(
        new LinkedBlockingQueue<>(Arguments.positive(capacity, "capacity")));
  }

  // ---- for those who select ----

  /**
   * A token that is cancelled by every element that is put into the queue from now on. Ends: each
   * further turn means that the source just found has been cancelled and another selector has
   * replaced it.
   */
  CancellationToken arrival() {
    CancellationSource known = arrival.get();
    while (known.isCancelled()) {
      var fresh = CancellationSource.create();
      CancellationSource found = arrival.compareAndExchange(known, fresh);
      known = found == known ? fresh : found;
    }
    return known.token();
  }

  /** If need be, as soon as there is memory for it: the element is in, and somebody may wait. */
  private void announce() {
    CancellationSource waited = arrival.get();
    while (!waited.isCancelled()) {
      try {
        waited.cancel(ARRIVED);
      } catch (OutOfMemoryError e) {
        Stack.pause();
      }
    }
  }

  // ---- putting ----

  @Override
  public void put(E element) throws InterruptedException {
    Objects.requireNonNull(element, "element");
    Stack.reserve(); // what is there is announced
    queue.put(element);
    announce();
  }

  @Override
  public boolean offer(E element) {
    Objects.requireNonNull(element, "element");
    Stack.reserve();
    return announceIf(queue.offer(element));
  }

  @Override
  public boolean offer(E element, long timeout, TimeUnit unit) throws InterruptedException {
    Objects.requireNonNull(element, "element");
    Objects.requireNonNull(unit, "unit");
    Stack.reserve();
    return announceIf(queue.offer(element, timeout, unit));
  }

  private boolean announceIf(boolean added) {
    if (added) {
      announce();
    }
    return added;
  }

  // ---- taking ----

  @Override
  public E take() throws InterruptedException {
    Stack.reserve();
    return queue.take();
  }

  @Override
  public @Nullable E poll() {
    Stack.reserve();
    return queue.poll();
  }

  @Override
  public @Nullable E poll(long timeout, TimeUnit unit) throws InterruptedException {
    Objects.requireNonNull(unit, "unit");
    Stack.reserve();
    return queue.poll(timeout, unit);
  }

  @Override
  public boolean remove(Object element) {
    return queue.remove(element);
  }

  @Override
  public void clear() {
    queue.clear();
  }

  @Override
  public int drainTo(Collection<? super E> target) {
    return drainTo(target, Integer.MAX_VALUE);
  }

  @Override
  public int drainTo(Collection<? super E> target, int limit) {
    Objects.requireNonNull(target, "target");
    if (target == this) {
      throw new IllegalArgumentException("target must be another collection: " + target);
    }
    Stack.reserve();
    return queue.drainTo(target, limit);
  }

  // ---- looking ----

  @Override
  public @Nullable E peek() {
    return queue.peek();
  }

  @Override
  public int size() {
    return queue.size();
  }

  @Override
  public int remainingCapacity() {
    return queue.remainingCapacity();
  }

  @Override
  public boolean contains(Object element) {
    return queue.contains(element);
  }

  @Override
  public Iterator<E> iterator() {
    return queue.iterator();
  }

  @Override
  public Spliterator<E> spliterator() {
    return queue.spliterator();
  }
}
