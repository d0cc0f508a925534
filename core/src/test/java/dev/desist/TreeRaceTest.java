package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.desist.support.Seed;
import dev.desist.testkit.Hygiene;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Several threads do at random what can be done to a small tree; afterwards everything below the
 * root is cancelled, and every callback ran once or was prevented. The seed in a failure repeats
 * the choices, though not the race.
 */
@ExtendWith({Hygiene.class, Seed.class})
class TreeRaceTest {
  private static final int ROUNDS = 6_000 * Integer.getInteger("desist.stress", 1);
  private static final int THREADS = 4;
  private static final int STEPS = 24;
  private static final int SLOTS = 6;

  private final ExecutorService threads =
      Executors.newFixedThreadPool(
          THREADS, Thread.ofPlatform().daemon().name("tree-", 1).factory());

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  @Test
  void trees_with_links_stay_whole() throws Exception {
    SplittableRandom rounds = Seed.random(0);
    for (int round = 0; round < ROUNDS; round++) {
      round(rounds.split());
    }
  }

  private void round(SplittableRandom random) throws Exception {
    var tree = new Tree();
    var start = new Phaser(THREADS);
    var done = new ArrayList<Future<?>>();
    for (int i = 0; i < THREADS; i++) {
      var worker = new Worker(tree, random.split(), i == 0 && random.nextBoolean());
      done.add(
          threads.submit(
              () -> {
                start.arriveAndAwaitAdvance();
                worker.work();
                return null;
              }));
    }
    for (var each : done) {
      finish(each);
    }
    tree.root.source.cancel();
    tree.check();
  }

  private static void finish(Future<?> work) throws Exception {
    try {
      work.get(30, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      fail("a thread hangs" + dump());
    }
  }

  private static String dump() {
    var dump = new StringBuilder();
    Thread.getAllStackTraces()
        .forEach(
            (thread, frames) -> {
              dump.append('\n').append(thread);
              for (var frame : frames) {
                dump.append("\n    at ").append(frame);
              }
            });
    return dump.toString();
  }

  /** A source, and what was made below it as far as the maker has told. */
  private record Branch(CancellationSource source, Queue<Branch> below) {
    Branch(CancellationSource source) {
      this(source, new ConcurrentLinkedQueue<>());
    }

    CancellationToken token() {
      return source.token();
    }

    /** Whether anything at or below this is still live. */
    boolean isPartlyLive() {
      var pending = new ArrayList<Branch>();
      pending.add(this);
      while (!pending.isEmpty()) {
        Branch next = pending.removeLast();
        if (!next.source.isCancelled()) {
          return true;
        }
        pending.addAll(next.below);
      }
      return false;
    }
  }

  /** A callback and what became of it. */
  private static final class Member {
    final Branch branch;
    final Tree tree;
    final AtomicInteger runs = new AtomicInteger();
    final AtomicInteger prevented = new AtomicInteger();

    Member(Branch branch, Tree tree) {
      this.branch = branch;
      this.tree = tree;
    }

    void call() {
      runs.incrementAndGet();
      if (branch.isPartlyLive()) {
        tree.complaints.add("promise 3: a callback ran while a token below was live");
      }
    }
  }

  private static final class Tree {
    final Branch root = new Branch(CancellationSource.create("root"));
    final AtomicReferenceArray<Branch> slots = new AtomicReferenceArray<>(SLOTS);
    final Queue<Branch> branches = new ConcurrentLinkedQueue<>();
    final Queue<Member> members = new ConcurrentLinkedQueue<>();
    final Queue<String> complaints = new ConcurrentLinkedQueue<>();

    Tree() {
      for (int i = 0; i < SLOTS; i++) {
        slots.set(i, root);
      }
    }

    void check() throws InterruptedException {
      assertEquals(List.of(), List.copyOf(complaints));
      for (Branch branch : branches) {
        assertTrue(branch.source.isCancelled(), "a token below the root is live");
        assertTrue(branch.token().await(), "await on a cancelled token");
      }
      for (Member member : members) {
        assertTrue(member.prevented.get() <= 1, "prevented twice");
        int expected = 1 - member.prevented.get();
        for (long start = System.nanoTime();
            member.runs.get() < expected && System.nanoTime() - start < 10_000_000_000L; ) {
          Thread.onSpinWait(); // for those that the dispatcher runs
        }
        assertEquals(expected, member.runs.get(), "runs of a callback");
      }
    }
  }

  private static final class Worker {
    private final Tree tree;
    private final SplittableRandom random;
    private final boolean cancelsRoot;
    private final List<Member> mine = new ArrayList<>();
    private final List<CancellationRegistration> registrations = new ArrayList<>();

    Worker(Tree tree, SplittableRandom random, boolean cancelsRoot) {
      this.tree = tree;
      this.random = random;
      this.cancelsRoot = cancelsRoot;
    }

    void work() throws InterruptedException {
      int last = cancelsRoot ? random.nextInt(STEPS) : STEPS;
      for (int step = 0; step < STEPS; step++) {
        if (step == last) {
          tree.root.source.cancel("in the middle");
        }
        step();
      }
    }

    private void step() throws InterruptedException {
      switch (random.nextInt(16)) {
        case 0, 1, 2, 3 -> {
          Branch parent = any();
          grow(new Branch(parent.token().child()), parent);
        }
        case 4 -> forget();
        case 5, 6 -> link();
        case 7, 8, 9 -> register(false);
        case 10 -> register(true);
        case 11 -> unregister();
        case 12 -> close();
        case 13 -> {
          Branch some = any();
          if (some != tree.root) {
            some.source.close();
          }
        }
        case 14 -> any().token().await(Duration.ofNanos(random.nextInt(20_000)));
        default -> any().source.cancelAfter(Duration.ofHours(1));
      }
    }

    private Branch any() {
      return tree.slots.get(random.nextInt(SLOTS));
    }

    private void grow(Branch made, Branch... parents) {
      for (Branch parent : parents) {
        parent.below.add(made);
      }
      tree.branches.add(made);
      tree.slots.set(random.nextInt(SLOTS), made);
    }

    /** The one in the middle is held by nobody. */
    private void forget() {
      Branch above = any();
      var leaf = new Branch(above.token().child().token().child());
      grow(leaf, above);
    }

    private void link() {
      Branch one = any();
      Branch two = any();
      grow(new Branch(CancellationSource.linkedTo(one.token(), two.token())), one, two);
    }

    private void register(boolean onDispatcher) {
      var member = new Member(any(), tree);
      tree.members.add(member);
      mine.add(member);
      registrations.add(
          onDispatcher
              ? member.branch.token().onCancel(Cancellation.dispatcher(), member::call)
              : member.branch.token().onCancel(member::call));
    }

    private void unregister() {
      if (!mine.isEmpty()) {
        int chosen = random.nextInt(mine.size());
        if (registrations.get(chosen).unregister()) {
          mine.get(chosen).prevented.incrementAndGet();
        }
      }
    }

    private void close() {
      if (!mine.isEmpty()) {
        int chosen = random.nextInt(mine.size());
        Member member = mine.get(chosen);
        if (member.prevented.get() == 0 && member.runs.get() == 0) {
          registrations.get(chosen).close();
          if (member.runs.get() == 0) {
            member.prevented.incrementAndGet();
          }
        }
      }
    }
  }
}
