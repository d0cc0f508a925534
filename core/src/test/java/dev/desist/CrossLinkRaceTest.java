package dev.desist;

import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.desist.testkit.Hygiene;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Two trees that share a linked source, and are cancelled at the same time. */
@ExtendWith(Hygiene.class)
class CrossLinkRaceTest {
  /**
   * The left tree is large; while its canceller still flags it, the right one is cancelled, whose
   * walk also comes to what hangs below the linked source. It may flag that with the reason of the
   * left tree, but not yet call anybody.
   */
  @Test
  void promise3_no_callback_of_a_tree_runs_before_all_of_it_is_flagged() throws Exception {
    int siblings = 300_000;
    for (int round = 0; round < 5; round++) {
      var left = CancellationSource.create("left");
      var right = CancellationSource.create("right");
      var all = new CancellationSource[siblings];
      for (int i = 0; i < siblings; i++) {
        all[i] = left.token().child();
      }
      var linked = CancellationSource.linkedTo(left.token(), right.token());
      var leaf = linked.token().child();
      var early = new CompletableFuture<Boolean>();
      leaf.token()
          .onCancel(
              Cancellation.dispatcher(),
              () -> {
                boolean live = false;
                for (var sibling : all) {
                  live |= !sibling.isCancelled();
                }
                early.complete(live && leaf.token().path().getFirst().equals("left"));
              });
      var canceller = Thread.ofPlatform().start(left::cancel);
      while (!linked.isCancelled()) {
        Thread.onSpinWait();
      }
      right.cancel();
      canceller.join();
      assertFalse(
          early.get(30, TimeUnit.SECONDS),
          "a callback of the left tree ran while a token of the left tree was live");
    }
  }
}
