package dev.desist.bench.scope;

import dev.desist.scope.TaskScope;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.StructuredTaskScope;

/** Ways to have many subtasks alive at once, each parked in the same body. */
enum Fleet {
  DESIST {
    @Override
    void launch(int n, Runnable body, Step meanwhile) throws Exception {
      try (var scope = TaskScope.open()) {
        for (int i = 0; i < n; i++) {
          scope.fork(body::run);
        }
        meanwhile.run();
        scope.join();
      }
    }
  },

  JDK {
    @Override
    void launch(int n, Runnable body, Step meanwhile) throws Exception {
      try (var scope = StructuredTaskScope.open()) {
        for (int i = 0; i < n; i++) {
          scope.fork(body);
        }
        meanwhile.run();
        scope.join();
      }
    }
  },

  EXECUTOR {
    @Override
    void launch(int n, Runnable body, Step meanwhile) throws Exception {
      try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < n; i++) {
          var _ = executor.submit(body);
        }
        meanwhile.run();
      }
    }
  },

  THREAD {
    @Override
    void launch(int n, Runnable body, Step meanwhile) throws Exception {
      List<Thread> threads = new ArrayList<>(n);
      for (int i = 0; i < n; i++) {
        threads.add(Thread.startVirtualThread(body));
      }
      meanwhile.run();
      for (Thread thread : threads) {
        thread.join();
      }
    }
  };

  /** Something to do that may fail. */
  interface Step {
    void run() throws Exception;
  }

  abstract void launch(int n, Runnable body, Step meanwhile) throws Exception;

  /** Starts {@code n} subtasks, does something when all are under way, ends and joins them. */
  void hold(int n, Step meanwhile) throws Exception {
    var started = new CountDownLatch(n);
    var gate = new CountDownLatch(1);
    Runnable body =
        () -> {
          started.countDown();
          try {
            gate.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        };
    launch(
        n,
        body,
        () -> {
          started.await();
          meanwhile.run();
          gate.countDown();
        });
  }
}
