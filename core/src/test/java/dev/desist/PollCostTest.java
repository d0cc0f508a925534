package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.MonitorInstruction;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Promise 6: what a poll does not do, whatever the depth, with a deadline or without. */
@Timeout(60)
class PollCostTest {
  private static final int DEPTH = 64;

  /** Counts who asks it for the time. */
  private static final class CountingTime implements TimeSource {
    final AtomicInteger readings = new AtomicInteger();

    @Override
    public long nanoTime() {
      readings.incrementAndGet();
      return System.nanoTime();
    }

    @Override
    public Instant instant() {
      readings.incrementAndGet();
      return Instant.now();
    }

    @Override
    public Timer schedule(long nanoTime, Runnable task) {
      return TimeSource.system().schedule(nanoTime, task);
    }

    @Override
    public void dispatch(Runnable task) {
      TimeSource.system().dispatch(task);
    }

    @Override
    public void parkUntil(Object blocker, long nanoTime) {
      TimeSource.system().parkUntil(blocker, nanoTime);
    }
  }

  /** A chain in which each has a deadline of its own. */
  private static List<CancellationSource> chain() {
    var chain = new ArrayList<CancellationSource>();
    chain.add(CancellationSource.create("root"));
    for (int i = 1; i < DEPTH; i++) {
      CancellationToken above = chain.getLast().token();
      chain.add(above.childWithTimeout("level " + i, Duration.ofHours(i)));
    }
    return chain;
  }

  private static void poll(CancellationToken token) {
    assertFalse(token.isCancelled());
    token.throwIfCancelled();
  }

  @Test
  void promise6_a_poll_reads_no_clock_at_any_depth_with_deadlines() {
    var time = new CountingTime();
    List<CancellationSource> chain = TimeSource.callWith(time, PollCostTest::chain);
    int before = time.readings.get();
    for (CancellationSource each : chain) {
      for (int i = 0; i < 100; i++) {
        poll(each.token());
      }
    }
    assertEquals(before, time.readings.get());
    assertTrue(before > 0);
    chain.getFirst().close();
  }

  /** Another thread holds the monitor of everything that the tree consists of. */
  @Test
  void promise6_a_poll_waits_for_no_lock_of_the_tree() throws Exception {
    List<CancellationSource> chain = chain();
    chain.forEach(each -> each.token().onCancel(() -> {}));
    List<Object> all = reachable(chain);
    assertTrue(all.size() > 3 * DEPTH, "only " + all.size());
    var held = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    Thread holder = Thread.ofPlatform().start(() -> hold(all, all.size() - 1, held, release));
    held.await();
    try {
      for (CancellationSource each : chain) {
        poll(each.token());
      }
    } finally {
      release.countDown();
      holder.join();
    }
    chain.getFirst().close();
  }

  private static void hold(List<Object> all, int at, CountDownLatch held, CountDownLatch release) {
    if (at < 0) {
      held.countDown();
      try {
        release.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      return;
    }
    synchronized (all.get(at)) {
      hold(all, at - 1, held, release);
    }
  }

  /** Objects of our own classes; what threads wait by is not among them. */
  private static List<Object> reachable(Object from) throws IllegalAccessException {
    Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    var pending = new ArrayDeque<Object>();
    var ours = new ArrayList<Object>();
    pending.add(from);
    for (Object at = pending.poll(); at != null; at = pending.poll()) {
      if (!seen.add(at)) {
        continue;
      }
      if (at instanceof Iterable<?> several) {
        several.forEach(pending::add);
      } else if (at.getClass().isArray() && !at.getClass().getComponentType().isPrimitive()) {
        for (int i = 0; i < Array.getLength(at); i++) {
          Object element = Array.get(at, i);
          if (element != null) {
            pending.add(element);
          }
        }
      } else if (at.getClass().getName().startsWith("dev.desist.")) {
        ours.add(at);
        for (Class<?> type = at.getClass();
            type != null && type.getName().startsWith("dev.desist.");
            type = type.getSuperclass()) {
          for (Field field : type.getDeclaredFields()) {
            if (!Modifier.isStatic(field.getModifiers()) && !field.getType().isPrimitive()) {
              field.setAccessible(true);
              Object value = field.get(at);
              if (value != null && value.getClass().getName().startsWith("dev.desist.")) {
                pending.add(value);
              }
            }
          }
        }
      }
    }
    return ours;
  }

  /** What is compiled, which says that it is the same at depth 1 and 64: one load, and no loop. */
  @Test
  void promise6_a_poll_is_compiled_to_one_load_with_acquire_without_lock_or_loop()
      throws IOException {
    var walk = new Walk();
    walk.into("dev/desist/CancellationToken", "isCancelled", "()Z");
    walk.into("dev/desist/CancellationToken", "throwIfCancelled", "()V");
    assertEquals(
        Set.of(
            "java/lang/invoke/VarHandle.getAcquire",
            "new dev/desist/CancelledException", // by then it is cancelled
            "dev/desist/CancelledException.<init>"),
        walk.left);
    assertEquals(1, walk.loads);
  }

  /** Methods of ours that are called from one, and what they call besides. */
  private static final class Walk {
    final Set<String> left = new TreeSet<>();
    private final Set<String> seen = new HashSet<>();
    int loads;

    void into(String owner, String name, String type) throws IOException {
      if (!seen.add(owner + name + type)) {
        return;
      }
      MethodModel method =
          model(owner).methods().stream()
              .filter(
                  each ->
                      each.methodName().equalsString(name) && each.methodType().equalsString(type))
              .findFirst()
              .orElseThrow();
      assertFalse((method.flags().flagsMask() & ClassFile.ACC_SYNCHRONIZED) != 0, name);
      var before = new HashSet<Label>();
      for (CodeElement element : method.code().orElseThrow().elementList()) {
        switch (element) {
          case LabelTarget target -> before.add(target.label());
          case BranchInstruction branch ->
              assertFalse(before.contains(branch.target()), () -> "a loop in " + name);
          case MonitorInstruction _ -> throw new AssertionError("a lock in " + name);
          case InvokeDynamicInstruction _ -> throw new AssertionError("a lambda in " + name);
          case NewObjectInstruction made -> left.add("new " + made.className().asInternalName());
          case InvokeInstruction call -> {
            String to = call.owner().asInternalName();
            if (to.equals(owner)) {
              into(to, call.name().stringValue(), call.type().stringValue());
            } else {
              left.add(to + '.' + call.name().stringValue());
              loads += call.name().equalsString("getAcquire") ? 1 : 0;
            }
          }
          default -> {
            // arithmetic, loads of what is on the stack, returns
          }
        }
      }
    }

    private static ClassModel model(String name) throws IOException {
      try (InputStream in =
          Objects.requireNonNull(
              CancellationToken.class.getResourceAsStream('/' + name + ".class"))) {
        return ClassFile.of().parse(in.readAllBytes());
      }
    }
  }
}
