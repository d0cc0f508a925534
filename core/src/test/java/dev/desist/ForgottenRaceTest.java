package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.desist.testkit.Hygiene;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The collector at work while children are made of tokens that nobody else holds. */
@ExtendWith(Hygiene.class)
class ForgottenRaceTest {
  private static final int ROUNDS = 10 * Integer.getInteger("desist.stress", 1);
  private static final int FORGOTTEN = 2_000;
  private static final int MOST_LEAVES = 50_000;

  /**
   * The token in the middle may become unreachable while its child is being made; the child must be
   * reached from the root all the same. A loss is rare, so one passing run says little: over many.
   */
  @Test
  void promise14_a_child_of_a_forgotten_token_is_still_reached() throws Exception {
    var over = new AtomicBoolean();
    var collections = new AtomicInteger();
    var collector =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!over.get()) {
                    System.gc();
                    collections.incrementAndGet();
                  }
                });
    int lost = 0;
    try {
      for (int round = 0; round < ROUNDS; round++) {
        lost += lostInOneRound(collections);
      }
    } finally {
      over.set(true);
      collector.join();
    }
    assertEquals(0, lost, "leaves that were not reached");
  }

  /**
   * Makes leaves while three collections pass, of which each leaves many forgotten nodes to take
   * out.
   */
  private static int lostInOneRound(AtomicInteger collections) {
    var nursery = CancellationSource.create();
    var forgotten = new CancellationSource[FORGOTTEN];
    for (int i = 0; i < FORGOTTEN; i++) {
      forgotten[i] = nursery.token().child();
    }
    Arrays.fill(forgotten, null);
    var root = CancellationSource.create();
    var leaves = new ArrayList<CancellationSource>();
    int start = collections.get();
    while (collections.get() - start < 3 && leaves.size() < MOST_LEAVES) {
      leaves.add(root.token().child().token().child());
    }
    root.cancel();
    nursery.close();
    return (int) leaves.stream().filter(leaf -> !leaf.isCancelled()).count();
  }
}
