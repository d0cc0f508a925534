package dev.desist;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A four-ary heap of timer entries, earliest first, in which an entry knows its place: adding costs
 * a step or two when timeouts are alike, and a cancelled entry is gone at once. Entries due at the
 * same time come out in the order they went in. Those that were added one after the other for the
 * same time, as for one deadline with many below it, have one place, and stand there in a ring: the
 * millionth costs what the first does. Not thread-safe.
 */
final class TimerHeap {
  /** What is to be done, and when. */
  static class Entry {
    /** Not changed while it is in the heap. */
    long nanoTime;

    final Runnable task;
    private long sequence;

    /** The place in the heap; OUT if there is none, IN_RING if another of its ring has it. */
    private int index = OUT;

    /** Neighbours in the ring; itself, if it is alone. */
    private Entry next = this;

    private Entry previous = this;

    Entry(long nanoTime, Runnable task) {
      this.nanoTime = nanoTime;
      this.task = task;
    }

    private boolean isBefore(Entry other) {
      long difference = nanoTime - other.nanoTime; // as nanoTime() demands: it may wrap around
      return difference != 0 ? difference < 0 : sequence - other.sequence < 0;
    }
  }

  private static final int OUT = -1;
  private static final int IN_RING = -2;

  private @Nullable Entry[] entries = new Entry[16];
  private int size;
  private long sequences;

  /** The one that was added last, or whoever has its place now. */
  private @Nullable Entry recent;

  @Nullable Entry first() {
    return entries[0];
  }

  void add(Entry entry) {
    Entry ring = recent;
    if (ring != null && ring.nanoTime == entry.nanoTime) {
      Entry last = ring.previous;
      entry.previous = last;
      entry.next = ring;
      last.next = entry;
      ring.previous = entry;
      entry.index = IN_RING;
      return;
    }
    if (size == entries.length) {
      entries = Arrays.copyOf(entries, size * 2);
    }
    entry.sequence = sequences++;
    siftUp(size++, entry);
    recent = entry;
  }

  /** Takes {@code entry} out; returns whether it was there. */
  boolean remove(Entry entry) {
    int hole = entry.index;
    if (hole == OUT) {
      return false;
    }
    entry.index = OUT;
    Entry heir = entry.next;
    if (heir != entry) {
      leaveRing(entry);
      if (hole != IN_RING) {
        heir.sequence = entry.sequence;
        place(hole, heir);
        if (recent == entry) {
          recent = heir;
        }
      }
      return true;
    }
    if (recent == entry) {
      recent = null;
    }
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

  private static void leaveRing(Entry entry) {
    entry.next.previous = entry.previous;
    entry.previous.next = entry.next;
    entry.next = entry;
    entry.previous = entry;
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
