package dev.desist.stream;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Stride;
import dev.desist.internal.Arguments;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.Objects;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Flow;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Ends iterators, streams, publishers and whatever else yields items when a token is cancelled,
 * <i>between</i> two items: what was handed out is dealt with to its end, and the next never
 * begins.
 *
 * {@snippet class="dev.desist.snippets.StreamSnippets" region="stream"}
 *
 * <p>There are two manners of ending. {@link #thenEnd(CancellationToken) thenEnd}: quietly, as if
 * there were no more items; the results so far are the result. {@link #thenThrow(CancellationToken)
 * thenThrow}: with a {@link CancelledException}, for when part of the items is worth nothing.
 *
 * <p>What is obeyed is that token and the {@linkplain Cancellation#current() current} one: the one
 * that is current where an object of this class is made, wherever and whenever the items are gone
 * through. In what follows, <i>the token</i> is the two together.
 *
 * <p>The token is asked before each item, or, with {@link #every}, before each n-th. A token that
 * is cancelled already lets nothing through. It is asked before the source is, so an item that is
 * ready loses to a cancellation, and stays where it is: the source can be read on by somebody else.
 * A cancellation after the last item counts, too, unless the end has been seen by then, or the
 * source is a stream or a spliterator that knows its size; an iterator is not asked for the end
 * once the token is cancelled, so a loop over a list, too, ends in the chosen manner.
 *
 * <p>Everything runs on the threads of those who go through the items, as without this class, and
 * no lock is held; only the end of an idle {@linkplain #publisher subscription} is signalled by a
 * thread of this library.
 *
 * <h2>Which items</h2>
 *
 * <p>Those at the point where this class is put in. In {@code until.stream(files).map(parse)} the
 * items are files, and each is parsed and passed on to the end of the stream or not at all. Put it
 * near the source: a stage above it that collects everything before it passes anything on, such as
 * {@code sorted}, is not ended, and one below it goes on with what it has collected.
 *
 * <h2>Thread safety</h2>
 *
 * <p>An object of this class is a value, immutable, and can be used any number of times, also by
 * several threads at once. What it makes is as safe for use by several threads as what that was
 * made from. Streams may be parallel.
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter.
 *
 * @apiNote A token says that it was cancelled, and why, also to whoever ended quietly: ask it
 *     afterwards to tell the end of the items from the end of the patience.
 * @implNote Nothing is registered with the token, save while a publisher is subscribed to. If both
 *     are {@link CancellationToken#none()}, every method gives back its argument, where it can.
 */
public final class UntilCancelled {
  private final CancellationToken token;
  private final boolean throwing;
  private final int stride;

  private UntilCancelled(CancellationToken token, boolean throwing, int stride) {
    this.token = token;
    this.throwing = throwing;
    this.stride = stride;
  }

  // ---- how to end ----

  /**
   * Has items end quietly when {@code token} is cancelled: as if there were no more of them.
   *
   * @param token what ends them
   * @return what puts an end to items
   */
  public static UntilCancelled thenEnd(CancellationToken token) {
    return new UntilCancelled(Cancellation.currentWith(token), false, 1);
  }

  /**
   * Has items end with a {@link CancelledException} when {@code token} is cancelled.
   *
   * @param token what ends them
   * @return what puts an end to items
   */
  public static UntilCancelled thenThrow(CancellationToken token) {
    return new UntilCancelled(Cancellation.currentWith(token), true, 1);
  }

  /**
   * {@return the same, but the token is asked only before the first item and then before every
   * n-th} For items that take no longer than some nanoseconds each. Where items are waited for or
   * published, which takes longer anyway, the token is always asked.
   *
   * @param stride how many items; in a parallel stream each part counts for itself
   * @throws IllegalArgumentException if the stride is not positive
   */
  public UntilCancelled every(int stride) {
    return new UntilCancelled(token, throwing, Arguments.positive(stride, "stride"));
  }

  // ---- going through ----

  /**
   * {@return an iterator over the items of {@code source}, until cancelled}
   *
   * <p>When {@code hasNext} has said true, {@code next} gives that item, whatever is cancelled
   * meanwhile. After the end, {@code source} is where it was, and can be gone on with.
   *
   * @param <T> what the items are
   * @param source gives the items
   */
  public <T extends @Nullable Object> Iterator<T> iterator(Iterator<T> source) {
    Objects.requireNonNull(source, "source");
    return token.canBeCancelled() ? new UntilIterator<>(this, source) : source;
  }

  /**
   * {@return an iterable whose iterators and spliterators go over the items of {@code source},
   * until cancelled}
   *
   * {@snippet class="dev.desist.snippets.StreamSnippets" region="iterable"}
   *
   * @param <T> what the items are
   * @param source gives the items
   */
  public <T extends @Nullable Object> Iterable<T> iterable(Iterable<T> source) {
    Objects.requireNonNull(source, "source");
    if (!token.canBeCancelled()) {
      return source;
    }
    return new Iterable<>() {
      @Override
      public Iterator<T> iterator() {
        return UntilCancelled.this.iterator(source.iterator());
      }

      @Override
      public Spliterator<T> spliterator() {
        return new UntilSpliterator.OfObject<>(UntilCancelled.this, source.spliterator());
      }
    };
  }

  // ---- streams ----

  /**
   * {@return a stream of the items of {@code source}, until cancelled}
   *
   * <p>It is parallel if {@code source} is, keeps its order and its other characteristics, and
   * closes it when it is closed itself. If it may end quietly, it no longer knows its size.
   *
   * <p>A parallel stream ends each of its parts between two items. So the items that were dealt
   * with need not be the first ones; and a part whose source is an iterator has read ahead. If it
   * throws, the call that goes through it throws as soon as one part does, as with every exception,
   * and items that other parts have begun may be finished after that. Where that matters, end
   * quietly and then call {@link CancellationToken#throwIfCancelled()}.
   *
   * @param <T> what the items are
   * @param source gives the items, and is used up
   */
  public <T extends @Nullable Object> Stream<T> stream(Stream<T> source) {
    Objects.requireNonNull(source, "source");
    return token.canBeCancelled()
        ? StreamSupport.stream(
                new UntilSpliterator.OfObject<>(this, source.spliterator()), source.isParallel())
            .onClose(source::close)
        : source;
  }

  /**
   * {@return a stream of the items of {@code source}, until cancelled} As {@link #stream(Stream)}.
   *
   * @param source gives the items, and is used up
   */
  public IntStream stream(IntStream source) {
    Objects.requireNonNull(source, "source");
    return token.canBeCancelled()
        ? StreamSupport.intStream(
                new UntilSpliterator.OfInt(this, source.spliterator()), source.isParallel())
            .onClose(source::close)
        : source;
  }

  /**
   * {@return a stream of the items of {@code source}, until cancelled} As {@link #stream(Stream)}.
   *
   * @param source gives the items, and is used up
   */
  public LongStream stream(LongStream source) {
    Objects.requireNonNull(source, "source");
    return token.canBeCancelled()
        ? StreamSupport.longStream(
                new UntilSpliterator.OfLong(this, source.spliterator()), source.isParallel())
            .onClose(source::close)
        : source;
  }

  /**
   * {@return a stream of the items of {@code source}, until cancelled} As {@link #stream(Stream)}.
   *
   * @param source gives the items, and is used up
   */
  public DoubleStream stream(DoubleStream source) {
    Objects.requireNonNull(source, "source");
    return token.canBeCancelled()
        ? StreamSupport.doubleStream(
                new UntilSpliterator.OfDouble(this, source.spliterator()), source.isParallel())
            .onClose(source::close)
        : source;
  }

  // ---- items that are waited for ----

  /**
   * {@return an iterable over what {@code next} gives, call by call, until it gives null or the
   * token is cancelled}
   *
   * <p>For items that are waited for, by a call that obeys a token: elements of a queue, lines of a
   * terminal, connections to a server.
   *
   * {@snippet class="dev.desist.snippets.StreamSnippets" region="queue"}
   *
   * <p>{@code next} is called with the token as the current one, by the thread that goes through
   * the items. When it ends with a {@link CancelledException} or {@link
   * dev.desist.CancelledIOException} because of the token, the items end in the chosen manner; when
   * it gives an item all the same, that is handed out. So nothing is lost if {@code next} loses
   * nothing. An iterator gets the item in {@code hasNext}, and keeps it for {@code next}.
   *
   * <p>What else it throws leaves {@code hasNext}: an unchecked exception as it is; an {@link
   * IOException} in an {@link UncheckedIOException}; an {@link InterruptedException} as the cause
   * of a {@code CancelledException} with the reason "interrupted", and the thread stays
   * interrupted; others in a {@link CompletionException}.
   *
   * @param <T> what the items are
   * @param next gives the next item, or null at the end, after which it is not called again by that
   *     iterator. All iterators call the same
   */
  public <T> Iterable<T> items(Callable<? extends @Nullable T> next) {
    Objects.requireNonNull(next, "next");
    return new Iterable<>() {
      @Override
      public Iterator<T> iterator() {
        return Spliterators.iterator(spliterator());
      }

      @Override
      public Spliterator<T> spliterator() {
        return new Calls<>(UntilCancelled.this, next);
      }
    };
  }

  /**
   * {@return a sequential stream of what {@code next} gives, call by call, until it gives null or
   * the token is cancelled} As {@link #items}. It reads nothing ahead; made parallel, it is still
   * one part.
   *
   * {@snippet class="dev.desist.snippets.StreamSnippets" region="lines"}
   *
   * @param <T> what the items are
   * @param next gives the next item, or null at the end, after which it is not called again
   */
  public <T> Stream<T> stream(Callable<? extends @Nullable T> next) {
    return StreamSupport.stream(this.<T>items(next).spliterator(), false);
  }

  // ---- Flow ----

  /**
   * {@return a publisher of the items of {@code source}, until cancelled}
   *
   * {@snippet class="dev.desist.snippets.StreamSnippets" region="flow"}
   *
   * <p>When the token is cancelled, each of its subscribers is signalled {@code onComplete}, or
   * {@code onError} with a {@link CancelledException}, and {@code source} is told that the
   * subscription is cancelled. That need not wait for an item: it is done by the thread that is in
   * {@code onNext}, when it comes out, else by {@link Cancellation#dispatcher()} or the thread that
   * brings the next item, whichever is first; never by the thread that cancels the token, unless it
   * is itself in {@code onNext}. Items that {@code source} had on their way are dropped.
   *
   * <p>If the token is cancelled before somebody subscribes, {@code source} is not asked at all,
   * and the subscriber hears the end before {@code subscribe} returns.
   *
   * <p>With each subscription one callback is registered with the token, and taken back when that
   * ends. A subscriber that throws ends it, too, by the rules of {@link Flow}. What {@code cancel}
   * of {@code source}'s subscription throws, when the token ends it, goes to the uncaught-exception
   * handler.
   *
   * @param <T> what the items are
   * @param source gives the items
   */
  public <T> Flow.Publisher<T> publisher(Flow.Publisher<T> source) {
    Objects.requireNonNull(source, "source");
    if (!token.canBeCancelled()) {
      return source;
    }
    return subscriber -> {
      var until = new UntilSubscriber<T>(this, subscriber);
      if (token.isCancelled()) {
        until.onSubscribe(UntilSubscriber.NOTHING);
      } else {
        try {
          source.subscribe(until);
        } catch (Throwable e) {
          until.refused();
          throw e;
        }
      }
    };
  }

  /**
   * {@return a subscriber that hands its items to {@code target}, until cancelled}
   *
   * <p>It signals {@code target}, and cancels its subscription, as {@link #publisher} does. It is
   * good for one subscription.
   *
   * @param <T> what the items are
   * @param target takes the items
   */
  public <T> Flow.Subscriber<T> subscriber(Flow.Subscriber<? super T> target) {
    Objects.requireNonNull(target, "target");
    return new UntilSubscriber<>(this, target);
  }

  // ---- for what puts an end to items ----

  CancellationToken token() {
    return token;
  }

  int stride() {
    return stride;
  }

  Stride steps() {
    return Cancellation.every(token, stride);
  }

  /** Ends in the chosen manner: throws, or returns true. The token is cancelled. */
  boolean end() {
    if (throwing) {
      throw new CancelledException(token);
    }
    return true;
  }

  boolean isThrowing() {
    return throwing;
  }

  /** {@return how, and when} */
  @Override
  public String toString() {
    return "UntilCancelled[then "
        + (throwing ? "throw" : "end")
        + ", every "
        + stride
        + ", "
        + token
        + ']';
  }
}
