package dev.desist;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A four-ary heap of timer entries, earliest first, in which an entry knows its place: adding costs
 * a step or two when timeouts are alike, and a cancelled entry is gone at once. Entries due at the
 * same time come out in the order they went in. Not thread-safe.
 */
final class TimerHeap {
  /** What is to be done, and when. */
  static class Entry {
    /** Not changed while it is in the heap. */
    long nanoTime;

    final Runnable task;
    private long sequence;
    private int index = -1;

    Entry(long nanoTime, Runnable task) {
      this.nanoTime = nanoTime;
      this.task = task;
    }

    private boolean isBefore(Entry other) {
      long difference = nanoTime - other.nanoTime; // as nanoTime() demands: it may wrap around
      return difference != 0 ? difference < 0 : sequence - other.sequence < 0;
    }
  }

  private @Nullable Entry[] entries = new Entry[16];
  private int size;
  private long sequences;

  @Nullable Entry first() {
    return entries[0];
  }

  void add(Entry entry) {
    if (size == entries.length) {
      entries = Arrays.copyOf(entries, size * 2);
    }
    entry.sequence = sequences++;
    siftUp(size++, entry);
  }

  /** Takes {@code entry} out; returns whether it was there. */
  boolean remove(Entry entry) {
    int hole = entry.index;
    if (hole < 0) {
      return false;
    }
    entry.index = -1;
    Entry last = at(--size);
    entries[size] = null;
    if (last != entry) {
      siftDown(hole, last);
      if (at(hole) == last) {
        siftUp(hole, last);
      }
    }
    return true;
  }

  private void siftUp(int start, Entry entry) {
    int hole = start;
    while (hole > 0) {
      int above = (hole - 1) >> 2;
      Entry parent = at(above);
      if (!entry.isBefore(parent)) {
        break;
      }
      place(hole, parent);
      hole = above;
    }
    place(hole, entry);
  }

  private void siftDown(int start, Entry entry) {
    int hole = start;
    while ((hole << 2) + 1 < size) {
      int least = (hole << 2) + 1;
      int end = Math.min(least + 4, size);
      for (int candidate = least + 1; candidate < end; candidate++) {
        if (at(candidate).isBefore(at(least))) {
          least = candidate;
        }
      }
      if (!at(least).isBefore(entry)) {
        break;
      }
      place(hole, at(least));
      hole = least;
    }
    place(hole, entry);
  }

  private void place(int index, Entry entry) {
    entries[index] = entry;
    entry.index = index;
  }

  @SuppressWarnings("NullAway") // every slot below size is filled
  private Entry at(int index) {
    return entries[index];
  }
}
