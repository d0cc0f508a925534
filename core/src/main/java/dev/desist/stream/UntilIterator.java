package dev.desist.stream;

import dev.desist.Stride;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * An iterator that ends when a token is cancelled.
 *
 * @param <T> what the items are
 */
final class UntilIterator<T extends @Nullable Object> implements Iterator<T> {
  private final UntilCancelled until;
  private final Iterator<T> source;
  private final Stride stride;

  /** Whether the source has said that it has an item, which is handed out then. */
  private boolean ready;

  private boolean ended;

  UntilIterator(UntilCancelled until, Iterator<T> source) {
    this.until = until;
    this.source = source;
    this.stride = until.steps();
  }

  /** Asks the token first: what is ready loses to it, and stays where it is (promise 20). */
  @Override
  public boolean hasNext() {
    if (!ready && !ended) {
      ended = (stride.isCancelled() && until.end()) || !source.hasNext();
      ready = !ended;
    }
    return ready;
  }

  @Override
  public T next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    ready = false;
    return source.next();
  }

  @Override
  public void remove() {
    source.remove();
  }
}
