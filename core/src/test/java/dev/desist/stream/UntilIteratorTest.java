package dev.desist.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Census;
import dev.desist.testkit.Hygiene;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Iterators and loops that end between two items. */
@ExtendWith(Hygiene.class)
class UntilIteratorTest {
  private final CancellationSource source = CancellationSource.create("items");
  private final CancellationToken token = source.token();
  private final UntilCancelled thenEnd = UntilCancelled.thenEnd(token);
  private final UntilCancelled thenThrow = UntilCancelled.thenThrow(token);
  private final List<Integer> done = new ArrayList<>();

  /** A loop over items makes its turn to the end, and not the next. */
  @Test
  void promise20_a_loop_ends_after_the_turn_it_is_in() {
    for (int item : thenEnd.iterable(List.of(1, 2, 3, 4))) {
      if (item == 2) {
        source.cancel();
      }
      done.add(item);
    }
    assertEquals(List.of(1, 2), done);
  }

  /** The same, and the loop throws. */
  @Test
  void promise20_a_loop_throws_after_the_turn_it_is_in() {
    var thrown =
        assertThrows(
            CancelledException.class,
            () -> {
              for (int item : thenThrow.iterable(List.of(1, 2, 3, 4))) {
                if (item == 2) {
                  source.cancel();
                }
                done.add(item);
              }
            });
    assertSame(token.reason().orElseThrow(), thrown.reason());
    assertEquals(List.of(1, 2), done);
  }

  /** What hasNext has promised, next gives, even if a cancellation comes in between. */
  @Test
  void what_was_promised_is_handed_out() {
    Iterator<Integer> quiet = thenEnd.iterator(List.of(1, 2).iterator());
    Iterator<Integer> loud = thenThrow.iterator(List.of(1, 2).iterator());
    assertTrue(quiet.hasNext());
    assertTrue(loud.hasNext());
    source.cancel();
    assertTrue(quiet.hasNext(), "still");
    assertTrue(loud.hasNext(), "still");
    assertEquals(1, quiet.next());
    assertEquals(1, loud.next());
    assertFalse(quiet.hasNext());
    assertThrows(CancelledException.class, loud::hasNext);
  }

  /** Whoever asks for an item without hasNext learns of the end in the chosen manner. */
  @Test
  void next_alone_ends_in_the_chosen_manner() {
    Iterator<Integer> quiet = thenEnd.iterator(List.of(1, 2).iterator());
    Iterator<Integer> loud = thenThrow.iterator(List.of(1, 2).iterator());
    assertEquals(1, quiet.next());
    assertEquals(1, loud.next());
    source.cancel();
    assertThrows(NoSuchElementException.class, quiet::next);
    assertThrows(CancelledException.class, loud::next);
    assertThrows(CancelledException.class, loud::hasNext);
  }

  /** The rest stays in the source, from the first item that was not handed out. */
  @Test
  void promise20_the_source_can_be_gone_on_with() {
    Iterator<Integer> all = List.of(1, 2, 3, 4).iterator();
    Iterator<Integer> items = thenEnd.iterator(all);
    done.add(items.next());
    done.add(items.next());
    source.cancel();
    assertFalse(items.hasNext());
    all.forEachRemaining(done::add);
    assertEquals(List.of(1, 2, 3, 4), done);
  }

  /** An end that was seen is one for good: a later cancellation changes nothing. */
  @Test
  void the_end_of_the_items_is_not_overtaken_by_a_cancellation() {
    Iterator<Integer> items = thenThrow.iterator(List.of(1).iterator());
    items.next();
    assertFalse(items.hasNext());
    source.cancel();
    assertFalse(items.hasNext());
    assertThrows(NoSuchElementException.class, items::next);
  }

  /** With a stride, at most so many items are handed out after the cancellation. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 10})
  void a_stride_lets_at_most_so_many_items_through(int stride) {
    var all = IntStream.range(0, 100).boxed().toList();
    for (int item : thenEnd.every(stride).iterable(all)) {
      source.cancel();
      done.add(item);
    }
    assertEquals(stride, done.size());
  }

  /** Null is an item where the source has it; removing is the source's business. */
  @Test
  void nulls_and_removal_are_the_sources() {
    var list = new ArrayList<>(Arrays.asList("a", null, "c"));
    Iterator<String> items = thenEnd.iterator(list.iterator());
    assertEquals("a", items.next());
    assertNull(items.next());
    items.remove();
    assertEquals("c", items.next());
    assertEquals(List.of("a", "c"), list);
  }

  /** Other ways to go through an iterable end, too. */
  @Test
  void for_each_and_spliterators_end() {
    Iterable<Integer> items = thenEnd.iterable(List.of(1, 2, 3));
    items.spliterator().forEachRemaining(done::add);
    items.iterator().forEachRemaining(done::add);
    items.forEach(
        item -> {
          source.cancel();
          done.add(item);
        });
    assertEquals(List.of(1, 2, 3, 1, 2, 3, 1), done);
    items.spliterator().forEachRemaining(done::add);
    items.forEach(done::add);
    assertEquals(7, done.size());
  }

  /** Nothing is stored for what cannot be cancelled, and nothing registered for what can. */
  @Test
  void promise5_and_14_nothing_is_kept() {
    UntilCancelled never = UntilCancelled.thenThrow(CancellationToken.none());
    var list = List.of(1);
    assertSame(list, never.iterable(list));
    Iterator<Integer> iterator = list.iterator();
    assertSame(iterator, never.iterator(iterator));
    thenEnd.iterator(iterator).next();
    assertEquals(Census.EMPTY, Census.of(token));
  }
}
