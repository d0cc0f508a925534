package dev.desist.io;

import dev.desist.Deadline;
import dev.desist.TimeSource;
import dev.desist.internal.Stack;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A process and its descendants, being ended (promise 19). For one thread. */
final class ProcessTree {
  /*
   * Overview: who belongs to the tree is found in rounds. Each round reads the table of all
   * processes, adds the children of those that are known, and kills the new ones, or asks them. It
   * is over when two rounds in a row find nobody alive: the second began after the last one had
   * ended, so what that had started was there to be found.
   *
   * Whoever was asked may start others in order to clean up. They are left alone as long as their
   * parent lives, and asked after that.
   *
   * A process whose parent has ended belongs to process 1 and is nobody's descendant. Hence:
   * 1. The whole tree is read before anybody in it is touched, and handles are kept: a handle knows
   *    its process by number and starting time, so it never hits another that was given the number
   *    later.
   * 2. Parents are touched before their children, so that none of them starts a child anew, or the
   *    next command of a script, because one has ended.
   * 3. Between a round and the end of a parent, the parent may have started one more. Processes
   *    that were started here carry a mark in their environment, which their descendants inherit,
   *    and on Linux each round looks for it: that finds those, and also the ones that had detached
   *    themselves long before. Of a process that was started elsewhere, there is no mark.
   *
   * Progress:    rounds are bounded by the grace and the patience, and come the more rarely the
   *              longer it takes.
   */
  private static final String VARIABLE = "DESIST_TREE";
  private static final Path PROC = Path.of("/proc");
  private static final long FIRST_PAUSE = TimeUnit.MILLISECONDS.toNanos(2);
  private static final long LONGEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(100);

  private final @Nullable String mark;

  /** In the order of their finding, which is parents first. */
  private final Set<ProcessHandle> known = new LinkedHashSet<>();

  /** Looked at, and without the mark: their environment is not read again. */
  private final Set<ProcessHandle> strangers = new LinkedHashSet<>();

  private final TimeSource time = TimeSource.current();

  /** Whose end wakes this thread. */
  private @Nullable ProcessHandle watched;

  private boolean interrupted;

  private ProcessTree(ProcessHandle root, @Nullable String mark) {
    this.mark = mark;
    strangers.add(ProcessHandle.current());
    known.add(root);
  }

  // ---- marks ----

  /** Starts a process that carries a mark. The builder is as before. */
  static Process start(ProcessBuilder builder, String mark) throws IOException {
    Map<String, String> environment = builder.environment();
    String before = environment.get(VARIABLE);
    // Whoever runs inside such a tree himself keeps the mark of the outer one.
    environment.put(VARIABLE, before == null ? mark : before + ' ' + mark);
    try {
      return builder.start();
    } finally {
      if (before == null) {
        environment.remove(VARIABLE);
      } else {
        environment.put(VARIABLE, before);
      }
    }
  }

  static String newMark() {
    var random = ThreadLocalRandom.current();
    return ProcessHandle.current().pid() + "-" + Long.toUnsignedString(random.nextLong(), 36);
  }

  private boolean isMarked(ProcessHandle process) {
    if (mark == null || strangers.contains(process)) {
      return false;
    }
    try {
      byte[] environment =
          Files.readAllBytes(PROC.resolve(Long.toString(process.pid())).resolve("environ"));
      if (environment.length == 0) {
        return false; // nothing there yet, if it is just being started: look again next time
      }
      for (String entry : new String(environment, StandardCharsets.ISO_8859_1).split("\0", -1)) {
        if (entry.startsWith(VARIABLE + '=')
            && List.of(entry.substring(VARIABLE.length() + 1).split(" ", -1)).contains(mark)) {
          return true;
        }
      }
    } catch (IOException e) {
      // Gone, another user's, or not Linux.
    }
    strangers.add(process);
    return false;
  }

  // ---- ending ----

  /**
   * Ends the tree. An interrupt cuts the grace short, and is still there afterwards.
   *
   * @param root its first process, which may have ended
   * @param mark that of its start, if it was started here
   */
  static ProcessReport end(ProcessHandle root, @Nullable String mark, ProcessEnding ending) {
    return new ProcessTree(root, mark).end(ending);
  }

  private ProcessReport end(ProcessEnding ending) {
    Stack.reserveToEnd(); // or the interrupt would be lost
    interrupted = Thread.interrupted();
    boolean atOnce = ending.grace().isZero();
    var found = new LinkedHashSet<ProcessHandle>();
    var killed = new LinkedHashSet<ProcessHandle>();
    try {
      List<ProcessHandle> left = List.of();
      if (!atOnce) {
        var asked = new LinkedHashSet<ProcessHandle>();
        left = rounds(ending.grace(), true, found, asked);
      }
      if (atOnce || !left.isEmpty()) {
        left = rounds(ending.patience(), false, found, killed);
      }
      return new ProcessReport(List.copyOf(found), List.copyOf(killed), left);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Returns who is left. */
  private List<ProcessHandle> rounds(
      Duration time, boolean ask, Set<ProcessHandle> found, Set<ProcessHandle> touched) {
    Deadline deadline = Deadline.after(time);
    long pause = FIRST_PAUSE;
    boolean wasEmpty = false;
    for (boolean first = true; ; first = false) {
      Set<ProcessHandle> alive = look();
      found.addAll(alive);
      for (ProcessHandle process : alive) {
        if (!touched.contains(process) && (first || !ask || !hasParent(process))) {
          touched.add(process);
          signal(process, ask);
          pause = FIRST_PAUSE;
        }
      }
      if (alive.isEmpty()) {
        if (wasEmpty) {
          return List.of();
        }
        wasEmpty = true; // the last one may have started another since the table was read
        continue;
      }
      wasEmpty = false;
      if (deadline.isPassed()) {
        return List.copyOf(alive);
      }
      pause(alive.iterator().next(), pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE);
      if (Thread.interrupted()) {
        interrupted = true;
        if (ask) {
          return List.copyOf(alive);
        }
      }
    }
  }

  /** Waits so long, by the time source in use; less, if that process ends. */
  private void pause(ProcessHandle first, long nanos) {
    if (!first.equals(watched)) {
      watched = first;
      Thread me = Thread.currentThread();
      var _ = first.onExit().thenRun(() -> LockSupport.unpark(me));
    }
    time.parkUntil(this, time.nanoTime() + nanos);
  }

  /** Whether its parent is of the tree, and lives. */
  private boolean hasParent(ProcessHandle process) {
    return process.parent().filter(known::contains).filter(ProcessTree::isAlive).isPresent();
  }

  private static void signal(ProcessHandle process, boolean ask) {
    try {
      boolean _ = ask ? process.destroy() : process.destroyForcibly();
    } catch (RuntimeException e) {
      // Not permitted: it will be among the survivors.
    }
  }

  /** Reads the table of processes. Returns those of the tree that are alive. */
  private Set<ProcessHandle> look() {
    var parents = new HashMap<ProcessHandle, ProcessHandle>();
    var others = new ArrayList<ProcessHandle>();
    ProcessHandle.allProcesses()
        .filter(each -> !known.contains(each))
        .forEach(
            each -> {
              others.add(each);
              each.parent().ifPresent(parent -> parents.put(each, parent));
            });
    addChildren(others, parents); // first, for the order
    for (ProcessHandle each : others) {
      if (!known.contains(each) && isMarked(each)) {
        known.add(each);
      }
    }
    addChildren(others, parents);
    strangers.retainAll(others);
    strangers.add(ProcessHandle.current());
    var alive = new LinkedHashSet<>(known);
    alive.removeIf(each -> !isAlive(each));
    return alive;
  }

  private void addChildren(
      List<ProcessHandle> processes, Map<ProcessHandle, ProcessHandle> parents) {
    for (boolean grown = true; grown; ) {
      grown = false;
      for (ProcessHandle each : processes) {
        ProcessHandle parent = parents.get(each);
        if (parent != null && known.contains(parent)) {
          grown |= known.add(each);
        }
      }
    }
  }

  /**
   * Whether it runs. One that has ended, and whose parent does not ask for its exit value, stays in
   * the table, and a handle takes it for alive.
   */
  static boolean isAlive(ProcessHandle process) {
    if (!process.isAlive()) {
      return false;
    }
    try {
      String stat =
          Files.readString(
              PROC.resolve(Long.toString(process.pid())).resolve("stat"),
              StandardCharsets.ISO_8859_1);
      String state = stat.substring(stat.lastIndexOf(')') + 1).strip();
      return !state.startsWith("Z") && !state.startsWith("X");
    } catch (IOException e) {
      return process.isAlive();
    }
  }
}
