package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A token asked once in so many steps. */
class StrideTest {
  private final CancellationSource source = CancellationSource.create("loop");
  private final CancellationToken token = source.token();

  /** The token is asked at the first step, and then at every n-th: no later, and no earlier. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 1_000})
  void the_first_step_asks_and_then_every_nth(int length) {
    Stride stride = Cancellation.every(token, length);
    assertFalse(stride.isCancelled());
    source.cancel();
    int more = 0;
    while (!stride.isCancelled()) {
      more++;
    }
    assertEquals(length - 1, more);
  }

  /** A loop that begins under a cancelled token makes no step. */
  @Test
  void a_token_that_is_cancelled_already_is_seen_by_the_first_step() {
    source.cancel();
    assertTrue(Cancellation.every(token, 1_000).isCancelled());
  }

  /** Once found cancelled, cancelled at every step: no step slips through. */
  @Test
  void what_was_found_cancelled_stays_so_at_each_step() {
    source.cancel();
    Stride stride = Cancellation.every(token, 1_000);
    for (int i = 0; i < 10; i++) {
      assertTrue(stride.isCancelled());
    }
  }

  /** The throwing form throws what the token would. */
  @Test
  void a_checkpoint_throws_with_the_reason() {
    Stride stride = Cancellation.every(token, 2);
    stride.checkpoint();
    source.cancel("enough");
    stride.checkpoint();
    var thrown = assertThrows(CancelledException.class, stride::checkpoint);
    assertSame(token.reason().orElseThrow(), thrown.reason());
    assertEquals(List.of("loop"), thrown.path());
  }

  /** Blocks cover a range without gap and overlap, and none is longer than the stride. */
  @Test
  void blocks_cover_everything_once() {
    Stride stride = Cancellation.every(token, 4);
    var ends = new ArrayList<Integer>();
    for (int i = 3, end; (end = stride.blockEnd(i, 13)) > i; i = end) {
      ends.add(end);
    }
    assertEquals(List.of(7, 11, 13), ends);
    assertEquals(5, stride.blockEnd(5, 5));
  }

  /** Blocks near the greatest int do not overflow. */
  @Test
  void a_stride_longer_than_the_range_is_one_block() {
    Stride stride = Cancellation.every(token, Integer.MAX_VALUE);
    assertEquals(Integer.MAX_VALUE, stride.blockEnd(1, Integer.MAX_VALUE));
    Stride short_ = Cancellation.every(token, 10);
    assertEquals(Integer.MAX_VALUE, short_.blockEnd(Integer.MAX_VALUE - 3, Integer.MAX_VALUE));
  }

  /** After a cancellation there is no further block, and what was summed up so far is there. */
  @Test
  void the_part_before_the_cancellation_is_the_callers() {
    Stride stride = Cancellation.every(token, 10);
    int done = 0;
    for (int i = 0, end; (end = stride.blockEnd(i, 1_000)) > i; i = end) {
      done += end - i;
      if (done == 30) {
        source.cancel();
      }
    }
    assertEquals(30, done);
  }

  /** Without a token, the one that is current where the stride is made. */
  @Test
  void it_obeys_the_current_token() {
    source.cancel();
    Cancellation.run(token, () -> assertTrue(Cancellation.every(5).isCancelled()));
    assertFalse(Cancellation.every(5).isCancelled());
  }

  /** Bad input is refused where it is passed, with the rule and the value. */
  @Test
  @SuppressWarnings({"NullAway", "DataFlowIssue"}) // passing null is the point
  void misuse_names_the_rule_and_the_value() {
    assertEquals(
        "stride must be positive: 0",
        assertThrows(IllegalArgumentException.class, () -> Cancellation.every(token, 0))
            .getMessage());
    assertEquals(
        "stride must be positive: -1",
        assertThrows(IllegalArgumentException.class, () -> Cancellation.every(-1)).getMessage());
    Executable noToken = () -> Cancellation.every(null, 1);
    assertEquals("token", assertThrows(NullPointerException.class, noToken).getMessage());
    Stride stride = Cancellation.every(token, 4);
    assertThrows(IndexOutOfBoundsException.class, () -> stride.blockEnd(-1, 3));
    assertThrows(IndexOutOfBoundsException.class, () -> stride.blockEnd(4, 3));
    assertEquals("Stride[every 4, " + token + "]", stride.toString());
  }
}
