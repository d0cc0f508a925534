package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.testkit.Hygiene;
import dev.desist.testkit.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a token tells. */
@ExtendWith(Hygiene.class)
class CancellationTokenTest {
  @Test
  void promise1_the_first_canceller_wins_and_its_reason_stays() {
    var source = CancellationSource.create("job");
    assertFalse(source.token().isCancelled());
    assertTrue(source.cancel("first"));
    assertFalse(source.cancel("second"));
    source.close();
    assertEquals("first", source.token().reason().orElseThrow().message());
  }

  @Test
  void promise3_flags_come_first() {
    var seen = new ArrayList<Boolean>();
    var root = CancellationSource.create("root");
    var children = new ArrayList<CancellationSource>();
    for (int i = 0; i < 5; i++) {
      var child = root.token().child("child-" + i);
      children.add(child);
      children.add(child.token().child("grandchild-" + i));
    }
    for (var child : children) {
      child.token().onCancel(() -> children.forEach(c -> seen.add(c.isCancelled())));
    }
    root.cancel();
    assertEquals(100, seen.size());
    assertFalse(seen.contains(false));
  }

  @Test
  void promise13_a_chain_of_a_million_is_cancelled() {
    var root = CancellationSource.create();
    var all = new ArrayList<CancellationSource>();
    var last = root;
    for (int i = 0; i < 1_000_000; i++) {
      last = last.token().child();
      all.add(last);
    }
    root.cancel("deep");
    assertTrue(all.stream().allMatch(CancellationSource::isCancelled));
    assertEquals(1_000_001, last.token().path().size());
  }

  @Test
  void promise15_deadlines_fire_on_manual_time() throws Exception {
    var time = new ManualTime();
    var source = time.call(() -> CancellationSource.create("slow"));
    var child = source.token().child("child");
    source.cancelAfter(Duration.ofMillis(250));
    assertEquals(Duration.ofMillis(250), child.token().deadline().remaining());
    time.advance(Duration.ofMillis(249));
    assertFalse(child.isCancelled());
    time.advance(Duration.ofMillis(1));
    assertTrue(child.isCancelled());
    assertEquals(
        "the 250 ms deadline of \"slow\" passed", child.token().reason().orElseThrow().message());
  }
}
