package dev.desist.bench.io;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.bench.Experiment;
import dev.desist.bench.Score;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * What an idle connection keeps on the heap, with the virtual thread that reads from it and its
 * stack: used heap after a collection with 10,000 of them, minus that before, divided by their
 * number. Those of Desist have a token each, a child of one for all.
 */
public final class Idle implements Experiment {
  private static final List<String> JVM = List.of("-Xms1g", "-Xmx1g", "-XX:+UseSerialGC");

  @Override
  public String name() {
    return "io.Idle";
  }

  @Override
  public List<Score> run(boolean quick) throws IOException, InterruptedException {
    var scores = new ArrayList<Score>();
    for (String who : List.of("desist", "plain")) {
      List<String> out = Experiment.inFreshJvm(JVM, Idle.class, who, quick ? 100 : 10_000);
      scores.add(Score.of(name(), who, "B/connection", Double.parseDouble(out.getFirst())));
    }
    return scores;
  }

  // ---- in a process of its own ----

  /**
   * Measures one contestant.
   *
   * @param args who, and how many connections
   */
  public static void main(String[] args) throws Exception {
    boolean desist = args[0].equals("desist");
    int number = Integer.parseInt(args[1]);
    try (Server server = Server.start()) {
      hold(server, desist, Math.min(number, 1_000)); // has everything made that is made once
      System.out.println((double) hold(server, desist, number) / number);
    }
  }

  /** Returns the bytes that all connections take. */
  private static long hold(Server server, boolean desist, int number) throws Exception {
    long before = Experiment.usedHeap();
    var above = CancellationSource.create();
    var calls = new ArrayList<Call>(number);
    var threads = new ArrayList<Thread>(number);
    var entered = new CountDownLatch(number);
    for (int i = 0; i < number; i++) {
      Call call = desist ? Call.read(server) : Call.interruptedRead(server);
      CancellationToken token = desist ? above.token().child().token() : CancellationToken.none();
      calls.add(call);
      threads.add(
          Thread.startVirtualThread(
              () -> {
                entered.countDown();
                try {
                  call.block(token);
                } catch (Exception e) {
                  // as it should
                }
              }));
    }
    entered.await();
    TimeUnit.SECONDS.sleep(1); // until all have come to rest
    long bytes = Experiment.usedHeap() - before;
    for (int i = 0; i < number; i++) {
      calls.get(i).end(above, threads.get(i));
      threads.get(i).join();
      calls.get(i).close();
    }
    above.close();
    return bytes;
  }
}
