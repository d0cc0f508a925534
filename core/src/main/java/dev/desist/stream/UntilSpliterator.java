package dev.desist.stream;

import dev.desist.Stride;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.Spliterator;
import java.util.function.Consumer;
import java.util.function.DoubleConsumer;
import java.util.function.IntConsumer;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A spliterator that ends when a token is cancelled. Between two questions it goes through a block
 * of items, no more than the stride is long. Of an array, a list with an index or a range, a block
 * is a part, and is gone through by the source's own loop. Other sources are asked for one item at
 * a time: their loop over all items could be left by an exception alone, through code of others.
 *
 * @param <T> what the items are
 * @param <S> what the source is
 */
abstract sealed class UntilSpliterator<T extends @Nullable Object, S extends Spliterator<T>>
    implements Spliterator<T> {
  /** Below this, to split costs more than to ask for each item. */
  private static final int WORTH_SPLITTING = 16;

  /**
   * The kinds of source whose parts are stretches of an array, of a list with an index, or of a
   * range. Others, those on iterators above all, take items out of what they stand on when they are
   * split, before anybody has asked for them.
   */
  private static final Set<Class<?>> STRETCHES =
      Stream.of(
              new ArrayList<>().spliterator(),
              List.of().spliterator(),
              Arrays.spliterator(new Object[0]),
              Arrays.spliterator(new int[0]),
              Arrays.spliterator(new long[0]),
              Arrays.spliterator(new double[0]),
              IntStream.range(0, 2).spliterator(),
              LongStream.range(0, 2).spliterator())
          .map(Spliterator::getClass)
          .collect(Collectors.toUnmodifiableSet());

  final UntilCancelled until;
  final S source;
  private final Stride stride;

  private UntilSpliterator(UntilCancelled until, S source) {
    this.until = until;
    this.source = source;
    this.stride = until.steps();
  }

  /** Before each item: whether there is to be no other. */
  final boolean ended() {
    return stride.isCancelled() && end(source);
  }

  /**
   * Goes through all items, in order, unless it is ended before.
   *
   * @param all gives a part of the source to the action
   * @param one gives its next item, and tells whether there was one
   */
  final void walk(Consumer<S> all, Predicate<S> one) {
    if (until.stride() >= WORTH_SPLITTING && STRETCHES.contains(source.getClass())) {
      walkParts(source, all);
      return;
    }
    boolean more = true;
    while (more && !ended(source)) {
      for (int left = until.stride(); more && left > 0; left--) {
        more = one.test(source);
      }
    }
  }

  /** Returns whether it was not ended. */
  private boolean walkParts(S part, Consumer<S> all) {
    while (part.estimateSize() > until.stride()) {
      @SuppressWarnings("unchecked") // what a stretch splits into is of its kind
      S first = (S) part.trySplit();
      if (first == null) {
        break;
      }
      if (!walkParts(first, all)) {
        return false;
      }
    }
    if (part.estimateSize() > 0) {
      if (ended(part)) {
        return false;
      }
      all.accept(part);
    }
    return true;
  }

  /** Before each block of items: whether there is to be no other. */
  private boolean ended(S part) {
    return until.token().isCancelled() && end(part);
  }

  /** One that is used up needs no reason to end. */
  private boolean end(S part) {
    return part.getExactSizeIfKnown() == 0 || until.end();
  }

  /** Whether it is of use to split: not if nothing will be handed out. */
  final boolean splits() {
    return !until.token().isCancelled();
  }

  @Override
  public final long estimateSize() {
    return source.estimateSize();
  }

  /** What may end quietly may have fewer items than the source. */
  @Override
  public final int characteristics() {
    int all = source.characteristics();
    return until.isThrowing() ? all : all & ~(SIZED | SUBSIZED);
  }

  @Override
  public final Comparator<? super T> getComparator() {
    return source.getComparator();
  }

  /**
   * Of objects.
   *
   * @param <T> what the items are
   */
  static final class OfObject<T extends @Nullable Object>
      extends UntilSpliterator<T, Spliterator<T>> {
    OfObject(UntilCancelled until, Spliterator<T> source) {
      super(until, source);
    }

    @Override
    public boolean tryAdvance(Consumer<? super T> action) {
      return !ended() && source.tryAdvance(action);
    }

    @Override
    public void forEachRemaining(Consumer<? super T> action) {
      Objects.requireNonNull(action, "action");
      walk(part -> part.forEachRemaining(action), part -> part.tryAdvance(action));
    }

    @Override
    public @Nullable Spliterator<T> trySplit() {
      Spliterator<T> part = splits() ? source.trySplit() : null;
      return part == null ? null : new OfObject<>(until, part);
    }
  }

  /** Of {@code int}. */
  static final class OfInt extends UntilSpliterator<Integer, Spliterator.OfInt>
      implements Spliterator.OfInt {
    OfInt(UntilCancelled until, Spliterator.OfInt source) {
      super(until, source);
    }

    @Override
    public boolean tryAdvance(IntConsumer action) {
      return !ended() && source.tryAdvance(action);
    }

    @Override
    public void forEachRemaining(IntConsumer action) {
      Objects.requireNonNull(action, "action");
      walk(part -> part.forEachRemaining(action), part -> part.tryAdvance(action));
    }

    @Override
    public Spliterator.@Nullable OfInt trySplit() {
      Spliterator.OfInt part = splits() ? source.trySplit() : null;
      return part == null ? null : new UntilSpliterator.OfInt(until, part);
    }
  }

  /** Of {@code long}. */
  static final class OfLong extends UntilSpliterator<Long, Spliterator.OfLong>
      implements Spliterator.OfLong {
    OfLong(UntilCancelled until, Spliterator.OfLong source) {
      super(until, source);
    }

    @Override
    public boolean tryAdvance(LongConsumer action) {
      return !ended() && source.tryAdvance(action);
    }

    @Override
    public void forEachRemaining(LongConsumer action) {
      Objects.requireNonNull(action, "action");
      walk(part -> part.forEachRemaining(action), part -> part.tryAdvance(action));
    }

    @Override
    public Spliterator.@Nullable OfLong trySplit() {
      Spliterator.OfLong part = splits() ? source.trySplit() : null;
      return part == null ? null : new UntilSpliterator.OfLong(until, part);
    }
  }

  /** Of {@code double}. */
  static final class OfDouble extends UntilSpliterator<Double, Spliterator.OfDouble>
      implements Spliterator.OfDouble {
    OfDouble(UntilCancelled until, Spliterator.OfDouble source) {
      super(until, source);
    }

    @Override
    public boolean tryAdvance(DoubleConsumer action) {
      return !ended() && source.tryAdvance(action);
    }

    @Override
    public void forEachRemaining(DoubleConsumer action) {
      Objects.requireNonNull(action, "action");
      walk(part -> part.forEachRemaining(action), part -> part.tryAdvance(action));
    }

    @Override
    public Spliterator.@Nullable OfDouble trySplit() {
      Spliterator.OfDouble part = splits() ? source.trySplit() : null;
      return part == null ? null : new UntilSpliterator.OfDouble(until, part);
    }
  }
}
