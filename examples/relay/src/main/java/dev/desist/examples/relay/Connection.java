package dev.desist.examples.relay;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.concurrent.Blocking;
import dev.desist.concurrent.Locks;
import dev.desist.concurrent.Queues;
import dev.desist.scope.TaskScope;
import dev.desist.shutdown.Participant;
import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A client, as the relay sees it. Two threads: one takes its messages, and puts each into the
 * outboxes of its room; the other empties its own outbox.
 */
final class Connection {
  private static final int BATCH = 256;
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9-]{1,30}");
  private static final int ECHO = 40;

  /** What becomes of the connection when a line has been sent. */
  private enum Kind {
    /** It goes on; the line has taken a permit. */
    ORDINARY,
    /** It goes on; the line is the answer to a JOIN, and needs no permit. */
    FREE,
    /** It ends. */
    LAST
  }

  private record Line(ByteBuffer bytes, Kind kind) {}

  private record Place(String room, String name) {}

  private final Relay relay;
  private final Lines lines;
  private final String address;

  /** Its monitor makes joining one step. */
  private final BlockingQueue<Line> outbox = new LinkedBlockingQueue<>();

  /** How many more lines the outbox takes. */
  private final Semaphore space;

  /** Opens when nothing more comes from this client. */
  private final CountDownLatch heardOut = new CountDownLatch(1);

  private volatile @Nullable Place place;
  private volatile @Nullable TaskScope<?, ?> scope;

  /** How many lines it did not take, once it has been dropped; before that, -1. */
  private volatile int untaken = -1;

  Connection(Relay relay, Lines lines, String address) {
    this.relay = relay;
    this.lines = lines;
    this.address = address;
    this.space = new Semaphore(relay.options().outbox());
  }

  /** Ends when the client has closed, or when the current token, which aborts, is cancelled. */
  void run(Participant work) {
    String why = null;
    try (lines;
        var opened = TaskScope.<@Nullable Void>open();
        var farewell = opened.token().child("farewell")) {
      scope = opened;
      opened.fork("reader", () -> read(work, farewell.token()));
      opened.fork("writer", () -> write(farewell));
      opened.join();
    } catch (ExecutionException e) {
      why = String.valueOf(e.getCause());
    } catch (CancelledException e) {
      why = e.reason().message();
    } catch (IOException | TimeoutException | InterruptedException e) {
      why = e.toString();
    }
    heardOut.countDown();
    leave();
    if (why != null) {
      relay.lost(this, why);
    }
  }

  /** For one that was accepted when the relay began to stop. */
  void refuse(String why) throws IOException {
    heardOut.countDown();
    try (lines;
        var brief = CancellationToken.none().childWithTimeout(relay.options().hearOut())) {
      lines.write(brief.token(), List.of(Lines.encode("BYE " + why)));
      lines.end();
      lines.discard(brief.token());
    }
  }

  // ---- what comes from the client ----

  private void read(Participant work, CancellationToken farewell)
      throws IOException, InterruptedException {
    work.onThisThread(); // whose stack is shown, should the client be stuck
    CancellationToken own = Cancellation.current();
    try (var between = CancellationSource.linkedTo(relay.soft(), own)) {
      String line;
      do {
        line = lines.read(between.token(), own, relay.options().hearOut());
      } while (line != null && obey(line));
      quit("you have left");
    } catch (EOFException e) {
      quit("you have left within a message");
    } catch (CancelledIOException | SocketTimeoutException e) {
      own.throwIfCancelled();
      // The relay stops. This client is still to get what the others have said.
    } catch (ProtocolException e) {
      tell("ERROR " + e.getMessage());
      quit("you do not speak as I do");
    } finally {
      heardOut.countDown();
    }
    try {
      lines.discard(farewell);
    } catch (CancelledIOException e) {
      own.throwIfCancelled(); // else it had its goodbye, and time enough to close
    }
  }

  /** Whether there is more to come. */
  private boolean obey(String line) throws InterruptedException {
    String[] words = line.split(" ", 3);
    switch (words[0]) {
      case "JOIN" -> join(words);
      case "SAY" -> say(words);
      case "QUIT" -> {
        return false;
      }
      default -> tell("ERROR JOIN, SAY or QUIT was expected, not: " + shortened(line));
    }
    return true;
  }

  private static String shortened(String text) {
    return text.length() <= ECHO ? text : text.substring(0, ECHO) + "…";
  }

  private void join(String[] words) throws InterruptedException {
    if (place != null) {
      tell("ERROR you are in a room already: " + this);
    } else if (words.length < 3
        || !NAME.matcher(words[1]).matches()
        || !NAME.matcher(words[2]).matches()) {
      tell(
          "ERROR room and name must be up to 30 letters a to z, digits and hyphens: JOIN room"
              + " name");
    } else {
      var wanted = new Place(words[1], words[2]);
      place = wanted;
      if (!relay.rooms().join(wanted.room, wanted.name, this)) {
        place = null;
        tell("ERROR somebody in %s has that name: %s".formatted(wanted.room, wanted.name));
      }
    }
  }

  /** What is said in the room comes after this line, and all that is said after this line comes. */
  void letIn(String room, int members, Runnable in) {
    ByteBuffer line = Lines.encode("JOINED %s %d".formatted(room, members));
    synchronized (outbox) {
      in.run();
      outbox.add(new Line(line, Kind.FREE));
    }
  }

  /** Acknowledged when it is in the outbox of everybody who is in the room. */
  private void say(String[] words) throws InterruptedException {
    Place here = place;
    if (here == null) {
      tell("ERROR join a room first: JOIN room name");
    } else if (words.length < 3) {
      tell("ERROR a message has a number and a text: SAY number text");
    } else {
      ByteBuffer line = Lines.encode("FROM " + here.name + " " + words[2]);
      if (line.limit() > Lines.LONGEST) {
        tell(
            "ERROR with your name before it, a message must not be longer than %,d bytes: %s"
                .formatted(Lines.LONGEST, shortened(words[1])));
        return;
      }
      for (Connection member : relay.rooms().members(here.room)) {
        member.send(line);
      }
      tell("OK " + words[1]);
    }
  }

  private void leave() {
    Place here = place;
    if (here != null) {
      relay.rooms().leave(here.room, here.name, this);
    }
  }

  // ---- what goes to the client ----

  private void tell(String line) throws InterruptedException {
    send(Lines.encode(line));
  }

  /**
   * Puts a line into the outbox. A full one holds up whoever sends, for a while; then it is this
   * client that has to go.
   */
  void send(ByteBuffer line) throws InterruptedException {
    if (!space.tryAcquire() && !awaitSpace()) {
      drop("its outbox was full");
    }
    synchronized (outbox) {
      if (untaken < 0) {
        outbox.add(new Line(line, Kind.ORDINARY));
      }
    }
  }

  /** Once the relay stops, all who send have a short time together. */
  private boolean awaitSpace() throws InterruptedException {
    CancellationToken own = Cancellation.current();
    try (var between = CancellationSource.linkedTo(relay.soft(), own)) {
      return Locks.tryAcquire(between.token(), space, 1, relay.options().patience());
    } catch (CancelledException e) {
      own.throwIfCancelled();
      return Locks.tryAcquire(own, space, 1, relay.heardOutBy().remaining());
    }
  }

  /** Ends the connection. Nobody waits for it any more. */
  void drop(String why) {
    synchronized (space) {
      if (untaken >= 0) {
        return;
      }
      untaken = untaken();
    }
    leave();
    space.release(Integer.MAX_VALUE / 2);
    TaskScope<?, ?> open = scope;
    if (open != null) {
      open.cancel(CancellationReason.disconnected(why));
    }
  }

  private int untaken() {
    return relay.options().outbox() - space.availablePermits();
  }

  private void quit(String why) {
    leave();
    goodbye(why);
  }

  /** The last line. What comes into the outbox after it is not sent. */
  void goodbye(String why) {
    outbox.add(new Line(Lines.encode("BYE " + why), Kind.LAST));
  }

  /**
   * Waits until nothing more comes from this client.
   *
   * @return whether that was before the deadline
   */
  boolean awaitHeardOut(Deadline deadline) throws InterruptedException {
    return Blocking.interruptibly(
        Cancellation.current(), deadline.remaining(), () -> heardOut.await());
  }

  private void write(CancellationSource farewell) throws IOException, InterruptedException {
    CancellationToken own = Cancellation.current();
    boolean last = false;
    while (!last) {
      var batch = new ArrayList<ByteBuffer>();
      int permits = 0;
      for (Line each : Queues.drain(own, outbox, BATCH)) {
        if (!last) {
          batch.add(each.bytes);
        }
        permits += each.kind == Kind.ORDINARY ? 1 : 0;
        last |= each.kind == Kind.LAST;
      }
      lines.write(own, batch);
      space.release(permits);
    }
    lines.end();
    if (!relay.soft().isCancelled()) {
      farewell.cancelAfter(relay.options().patience()); // the client's turn to close
    }
  }

  @Override
  public String toString() {
    Place here = place;
    String who = here == null ? address : here.name + " in " + here.room;
    int left = untaken >= 0 ? untaken : untaken();
    return left <= 0 ? who : who + " (%,d lines not sent)".formatted(left);
  }
}
