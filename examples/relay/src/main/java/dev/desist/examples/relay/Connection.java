package dev.desist.examples.relay;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.concurrent.Locks;
import dev.desist.concurrent.Queues;
import dev.desist.scope.TaskScope;
import dev.desist.shutdown.Participant;
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
  private static final Pattern NAME = Pattern.compile("[\\w-]{1,30}");

  /**
   * @param isLast whether the connection ends with it
   */
  private record Line(ByteBuffer bytes, boolean isLast) {}

  private record Place(String room, String name) {}

  private final Relay relay;
  private final Lines lines;
  private final String address;
  private final BlockingQueue<Line> outbox = new LinkedBlockingQueue<>();

  /** How many more lines the outbox takes. The last one needs no permit. */
  private final Semaphore space;

  /** Opens when nothing more comes from this client. */
  private final CountDownLatch heardOut = new CountDownLatch(1);

  private volatile @Nullable Place place;
  private volatile boolean left;
  private volatile @Nullable TaskScope<?, ?> scope;

  Connection(Relay relay, Lines lines, String address) {
    this.relay = relay;
    this.lines = lines;
    this.address = address;
    this.space = new Semaphore(relay.options().outbox());
  }

  /** Ends when the client has closed, or when the current token, which aborts, is cancelled. */
  void run(Participant work) {
    try (lines;
        var opened = TaskScope.<@Nullable Void>open()) {
      scope = opened;
      opened.fork("reader", () -> read(work));
      opened.fork("writer", this::write);
      opened.join();
    } catch (ExecutionException e) {
      relay.lost(this, String.valueOf(e.getCause()));
    } catch (CancelledException e) {
      relay.lost(this, e.reason().message());
    } catch (IOException | TimeoutException | InterruptedException e) {
      relay.lost(this, e.toString());
    } finally {
      heardOut.countDown();
      leave();
    }
  }

  // ---- what comes from the client ----

  private @Nullable Void read(Participant work) throws IOException, InterruptedException {
    work.onThisThread(); // whose stack is shown, should the client be stuck
    CancellationToken own = Cancellation.current();
    Deadline patience = Deadline.none();
    try (var between = CancellationSource.linkedTo(relay.soft(), own)) {
      String line;
      do {
        line = lines.read(between.token(), own);
      } while (line != null && obey(line));
      quit("you have left");
      patience = Deadline.after(relay.options().patience());
    } catch (CancelledIOException | SocketTimeoutException e) {
      own.throwIfCancelled();
      // The relay stops. This client is still to get what the others have said.
    } catch (ProtocolException e) {
      tell("ERROR " + e.getMessage());
      quit("you do not speak as I do");
      patience = Deadline.after(relay.options().patience());
    } finally {
      heardOut.countDown();
    }
    lines.discard(own, patience);
    return null;
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
      default -> tell("ERROR after JOIN, SAY or QUIT was looked for, not after: " + line);
    }
    return true;
  }

  private void join(String[] words) throws InterruptedException {
    if (place != null) {
      tell("ERROR you are in a room already: " + this);
    } else if (words.length < 3
        || !NAME.matcher(words[1]).matches()
        || !NAME.matcher(words[2]).matches()) {
      tell("ERROR room and name must be up to 30 letters, digits and hyphens: JOIN room name");
    } else {
      var wanted = new Place(words[1], words[2]);
      int there = relay.rooms().join(wanted.room, wanted.name, this);
      if (there == 0) {
        tell("ERROR somebody in %s has that name: %s".formatted(wanted.room, wanted.name));
      } else {
        place = wanted;
        tell("JOINED %s %d".formatted(wanted.room, there));
      }
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
      for (Connection member : relay.rooms().members(here.room)) {
        member.send(line);
      }
      tell("OK " + words[1]);
    }
  }

  private void leave() {
    Place here = place;
    if (here != null && !left) {
      left = true;
      relay.rooms().leave(here.room, here.name);
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
  private void send(ByteBuffer line) throws InterruptedException {
    if (Locks.tryAcquire(space, 1, relay.options().patience())) {
      outbox.add(new Line(line, false));
    } else {
      drop("its outbox was full for " + relay.options().patience().toMillis() + " ms");
    }
  }

  private void drop(String why) {
    TaskScope<?, ?> open = scope;
    if (open != null) {
      open.cancel(CancellationReason.disconnected(why));
    }
  }

  private void quit(String why) {
    leave();
    goodbye(why);
  }

  /** The last line. What comes into the outbox after it is not sent. */
  void goodbye(String why) {
    outbox.add(new Line(Lines.encode("BYE " + why), true));
  }

  /** Waits until nothing more comes from this client. */
  void awaitHeardOut() throws InterruptedException {
    Locks.await(heardOut);
  }

  private @Nullable Void write() throws IOException, InterruptedException {
    CancellationToken own = Cancellation.current();
    boolean last = false;
    while (!last) {
      List<Line> taken = Queues.drain(own, outbox, BATCH);
      var batch = new ArrayList<ByteBuffer>(taken.size());
      for (Line each : taken) {
        if (!last) {
          batch.add(each.bytes);
          last = each.isLast;
        }
      }
      lines.write(own, batch);
      space.release(taken.size());
    }
    lines.end();
    return null;
  }

  @Override
  public String toString() {
    Place here = place;
    String who = here == null ? address : here.name + " in " + here.room;
    return outbox.isEmpty() ? who : who + " (%,d lines not sent)".formatted(outbox.size());
  }
}
