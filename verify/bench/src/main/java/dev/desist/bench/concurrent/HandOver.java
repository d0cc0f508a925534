package dev.desist.bench.concurrent;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.bench.Contest;
import dev.desist.concurrent.Queues;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.SynchronousQueue;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Asks another virtual thread for an answer over two queues that hold nothing: every call waits.
 */
public class HandOver extends Contest {
  private final CancellationSource source = CancellationSource.create();
  private final CancellationToken token = source.token();
  private final BlockingQueue<Integer> questions = new SynchronousQueue<>();
  private final BlockingQueue<Integer> answers = new SynchronousQueue<>();
  private Thread other = Thread.currentThread();

  @Setup
  public void start() {
    other =
        Thread.startVirtualThread(
            () -> {
              try {
                while (true) {
                  answers.put(questions.take());
                }
              } catch (InterruptedException e) {
                // over
              }
            });
  }

  @TearDown
  public void stop() throws InterruptedException {
    other.interrupt();
    other.join();
  }

  @Benchmark
  public Integer desist() throws InterruptedException {
    Queues.put(token, questions, 1);
    return Queues.take(token, answers);
  }

  @Benchmark
  public Integer bare() throws InterruptedException {
    questions.put(1);
    return answers.take();
  }
}
