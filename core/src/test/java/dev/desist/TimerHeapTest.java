package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.desist.support.Seed;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A heap against a list that is sorted: whatever is added and removed, in whatever order. */
@ExtendWith(Seed.class)
class TimerHeapTest {
  private static final int STEPS = 200_000;

  private final TimerHeap heap = new TimerHeap();
  private final List<TimerHeap.Entry> model = new ArrayList<>();

  private void add(long time) {
    var entry = new TimerHeap.Entry(time, () -> {});
    heap.add(entry);
    model.add(entry);
  }

  /** The earliest, and of several the one that came first: sorting keeps their order. */
  private TimerHeap.Entry earliest() {
    return model.stream().min(Comparator.comparingLong(entry -> entry.nanoTime)).orElseThrow();
  }

  private void remove(TimerHeap.Entry entry) {
    assertEquals(model.remove(entry), heap.remove(entry));
    assertEquals(false, heap.remove(entry), "it is out");
  }

  @Test
  void what_comes_out_is_the_earliest_and_of_several_the_first_that_went_in() {
    SplittableRandom random = Seed.random(42);
    for (int i = 0; i < STEPS; i++) {
      int choice = random.nextInt(10);
      if (model.size() > 60 || (choice < 4 && !model.isEmpty())) {
        remove(choice < 2 ? model.get(random.nextInt(model.size())) : earliest());
      } else {
        add(random.nextInt(4)); // few times, so that many are alike
      }
      if (model.isEmpty()) {
        assertNull(heap.first());
      } else {
        assertEquals(earliest(), heap.first());
      }
    }
    while (!model.isEmpty()) {
      remove(earliest());
    }
    assertNull(heap.first());
  }

  @Test
  void those_of_one_time_are_removed_in_any_order() {
    for (int i = 0; i < 1_000; i++) {
      add(7);
    }
    SplittableRandom random = Seed.random(7);
    while (!model.isEmpty()) {
      assertEquals(model.getFirst(), heap.first());
      remove(model.get(random.nextInt(model.size())));
    }
    assertNull(heap.first());
  }
}
