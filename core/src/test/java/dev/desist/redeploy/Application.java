package dev.desist.redeploy;

import static dev.desist.CancellationToken.none;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.desist.Cancellation;
import dev.desist.CancellationReason;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.CancelledIOException;
import dev.desist.Deadline;
import dev.desist.Diagnostics;
import dev.desist.concurrent.Blocking;
import dev.desist.concurrent.Clause;
import dev.desist.concurrent.Event;
import dev.desist.concurrent.Futures;
import dev.desist.concurrent.Latest;
import dev.desist.concurrent.Locks;
import dev.desist.concurrent.Queues;
import dev.desist.concurrent.Select;
import dev.desist.concurrent.SelectableQueue;
import dev.desist.io.CancellableFiles;
import dev.desist.io.CancellableInputStream;
import dev.desist.io.CancellableProcess;
import dev.desist.io.DirectoryWatch;
import dev.desist.net.CancellableDatagramChannel;
import dev.desist.net.CancellablePipe;
import dev.desist.net.CancellableServerSocketChannel;
import dev.desist.net.CancellableServerSocketFactory;
import dev.desist.net.CancellableSocketChannel;
import dev.desist.net.CancellableSocketFactory;
import dev.desist.scope.Grace;
import dev.desist.scope.Joiner;
import dev.desist.scope.TaskScope;
import dev.desist.scope.Tasks;
import dev.desist.shutdown.Shutdown;
import dev.desist.stream.UntilCancelled;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * An application that is deployed with a copy of the library of its own, uses every wing, and ends
 * properly: called by its container with the name of a wing, or with {@code "all"}. It must do with
 * the JDK and the library.
 *
 * <p>Not used is what belongs to the process, and stays as long as that: {@code Shutdown.ofProcess}
 * and {@code CancellableInputStream.systemIn}.
 */
public final class Application implements Function<String, Callable<List<String>>> {
  private interface Wing {
    void use() throws Exception;
  }

  private interface Wait {
    void under(CancellationToken token) throws Exception;
  }

  private static final InetSocketAddress ANY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private final Map<String, Wing> wings = new LinkedHashMap<>();

  /** Made by the container. */
  public Application() {
    wings.put("tokens", Application::tokens);
    wings.put("deadlines", Application::deadlines);
    wings.put("ambient", Application::ambient);
    wings.put("diagnostics", Application::diagnostics);
    wings.put("guarded calls", Application::guarded);
    wings.put("scopes", Application::scopes);
    wings.put("tasks", Application::tasks);
    wings.put("futures", Application::futures);
    wings.put("latest", Application::latest);
    wings.put("events and selects", Application::selects);
    wings.put("queues and locks", Application::queues);
    wings.put("sockets", Application::sockets);
    wings.put("factories", Application::factories);
    wings.put("pumps", Application::pumps);
    wings.put("files", Application::files);
    wings.put("watches", Application::watches);
    wings.put("processes", Application::processes);
    wings.put("streams", Application::streams);
    wings.put("shutdown", Application::shutdown);
  }

  /** Uses that wing on the calling thread and on threads of its own; tells which were used. */
  @Override
  public Callable<List<String>> apply(String which) {
    return () -> {
      List<String> used =
          wings.keySet().stream()
              .filter(name -> which.equals("all") || which.equals(name))
              .toList();
      for (String name : used) {
        Wing wing = wings.get(name);
        wing.use();
        onOwnThreads(wing);
      }
      return used.isEmpty() ? List.copyOf(wings.keySet()) : used;
    };
  }

  private static void onOwnThreads(Wing wing) throws Exception {
    Callable<Object> call =
        () -> {
          wing.use();
          return "used";
        };
    try (ExecutorService platform = Executors.newSingleThreadExecutor();
        ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
      platform.submit(call).get();
      virtual.submit(call).get();
    }
  }

  /** Cancels a wait while it lasts. */
  private static void cancelled(Wait wait) throws Exception {
    try (var source = CancellationSource.create("a wait")) {
      source.cancelAfter(Duration.ofMillis(20));
      wait.under(source.token());
      throw new IllegalStateException("the wait should have been cancelled");
    } catch (CancelledException | CancelledIOException e) {
      if (!(CancelledException.find(e).orElseThrow().reason()
          instanceof CancellationReason.DeadlineExceeded)) {
        throw e;
      }
    }
  }

  private static void tokens() throws Exception {
    try (var source = CancellationSource.create("a source");
        var other = CancellationSource.create();
        var linked = CancellationSource.linkedTo(source.token(), other.token());
        CancellationRegistration _ = linked.token().onCancel(() -> {})) {
      linked.token().onCancel(Cancellation.dispatcher(), () -> {});
      linked.token().onCancel(Thread::startVirtualThread, () -> {});
      CompletableFuture<CancellationReason> told =
          linked.token().whenCancelled().toCompletableFuture();
      linked.token().child("a child").token().onCancel(() -> {});
      source.cancelAsync(CancellationReason.requested("over")).toCompletableFuture().get();
      told.get();
      linked.token().await();
    }
  }

  private static void deadlines() throws Exception {
    try (var source = CancellationToken.none().childWithTimeout("soon", Duration.ofMillis(20))) {
      source.token().onCancel(() -> {});
      source.token().await();
    }
    try (var source = CancellationToken.none().childWithTimeout("never", Duration.ofHours(1));
        var out = new ObjectOutputStream(new ByteArrayOutputStream())) {
      source.token().await(Duration.ofMillis(5));
      out.writeObject(source.token().deadline());
      out.writeObject(CancellationReason.deadlineExceeded("x", Deadline.after(Duration.ZERO)));
    }
  }

  private static void ambient() throws Exception {
    cancelled(
        token -> {
          try (var other = CancellationSource.create()) {
            Cancellation.call(
                token,
                () -> {
                  Cancellation.run(other.token(), () -> Cancellation.carrier().call(() -> {}));
                  Cancellation.shielded(() -> {});
                  return Cancellation.carrier()
                      .call(
                          () -> {
                            Cancellation.sleep(Duration.ofHours(1));
                            return 1;
                          });
                });
          }
        });
  }

  private static void diagnostics() {
    Diagnostics.recordCallSites(true);
    Diagnostics.reportForgotten(true);
    try (var source = CancellationSource.create()) {
      source.token().child("closed").close();
      CancellationSource _ = source.token().child("kept by a callback");
      source.token().child().token().onCancel(() -> {});
    } finally {
      Diagnostics.recordCallSites(false);
      Diagnostics.reportForgotten(false);
    }
  }

  private static void guarded() throws Exception {
    cancelled(token -> Blocking.interruptibly(token, Application::sleep));
    Blocking.uninterruptibly(() -> Blocking.interruptibly(CancellationToken.none(), () -> 1));
    try (var source = CancellationSource.create()) {
      Blocking.interruptibly(source.token(), () -> Blocking.uninterruptibly(() -> 1));
      Blocking.closing(source.token(), () -> {}, () -> 1);
    }
  }

  private static int sleep() throws InterruptedException {
    new CountDownLatch(1).await();
    return 1;
  }

  private static void scopes() throws Exception {
    try (TaskScope<Object, List<Object>> scope =
        TaskScope.open(
            Joiner.<Object>allSuccessfulOrThrow(),
            options ->
                options
                    .withName("a scope")
                    .withTimeout(Duration.ofHours(1))
                    .withGrace(Grace.interruptAfter(Duration.ofSeconds(1))))) {
      scope.fork(() -> 1);
      scope.fork(() -> 2);
      scope.join();
    }
    try (var scope = TaskScope.open(Joiner.<Object>awaitAll())) {
      var subtask = scope.fork(Application::sleep);
      scope.fork(Application::sleep);
      subtask.abort();
      subtask.await();
      scope.abort();
      try {
        scope.join();
      } catch (CancelledException e) {
        scope.token().await();
      }
    }
  }

  private static void tasks() throws Exception {
    Tasks.all(() -> 1, () -> 2);
    Tasks.race(
        () -> 1,
        () -> {
          Cancellation.sleep(Duration.ofHours(1));
          return 2;
        });
    try {
      Tasks.within(
          Duration.ofMillis(20),
          () -> {
            Cancellation.sleep(Duration.ofHours(1));
            return 1;
          });
      throw new IllegalStateException("no timeout");
    } catch (TimeoutException e) {
      Tasks.within(Duration.ofHours(1), () -> 1, c -> c.withScope(s -> s));
    }
  }

  private static void futures() throws Exception {
    try (ExecutorService pool = Executors.newFixedThreadPool(1);
        var source = CancellationSource.create()) {
      Futures.submit(source.token(), pool, () -> 1)
          .orTimeout(1, java.util.concurrent.TimeUnit.HOURS)
          .get();
      Futures.executor(source.token(), pool).submit(() -> 1).get();
      Futures.under(source.token(), CompletableFuture.completedStage(1)).get();
      CompletableFuture<Object> waiting =
          Futures.submit(
              CancellationToken.none(),
              pool,
              () -> {
                Cancellation.sleep(Duration.ofHours(1));
                return 1;
              });
      waiting.cancel(true);
      cancelled(token -> Futures.await(token, new CompletableFuture<>()));
      CompletableFuture<Object> endless = Futures.under(source.token(), new CompletableFuture<>());
      endless.orTimeout(1, java.util.concurrent.TimeUnit.HOURS);
    }
  }

  private static void latest() throws Exception {
    try (ExecutorService pool = Executors.newFixedThreadPool(2);
        Latest<Object> latest = Latest.open(CancellationToken.none(), pool, _ -> {})) {
      latest.submit(
          () -> {
            Cancellation.sleep(Duration.ofHours(1));
            return 1;
          });
      latest.submit(() -> 2).toCompletableFuture().get();
    }
  }

  private static void selects() throws Exception {
    Event<String> event = Event.create("an event");
    event.onSet(_ -> {});
    cancelled(event::await);
    SelectableQueue<String> queue = SelectableQueue.bounded(1);
    cancelled(
        token ->
            Select.fair(
                    Clause.happened(event, value -> value),
                    Clause.taken(queue, value -> value),
                    Clause.ended(new CompletableFuture<String>(), _ -> "ended"),
                    Clause.passed(Deadline.after(Duration.ofHours(1)), () -> "late"))
                .await(token));
    event.set("set");
    Select.biased(Clause.happened(event, value -> value)).await(CancellationToken.none());
  }

  @SuppressWarnings("WaitNotInLoop") // nobody signals
  private static void queues() throws Exception {
    cancelled(token -> Queues.take(token, new ArrayBlockingQueue<>(1)));
    cancelled(token -> Queues.take(token, SelectableQueue.unbounded()));
    cancelled(token -> Locks.acquire(token, new Semaphore(0), 1));
    cancelled(
        token ->
            Blocking.interruptibly(
                token, Duration.ofHours(1), () -> new CountDownLatch(1).await()));
    var lock = new ReentrantLock();
    Locks.lock(CancellationToken.none(), lock);
    try {
      cancelled(token -> Blocking.interruptibly(token, () -> lock.newCondition().await()));
    } finally {
      lock.unlock();
    }
  }

  private static void sockets() throws Exception {
    try (var server = CancellableServerSocketChannel.open(ANY);
        var client = CancellableSocketChannel.open(Cancellation.current(), server.localAddress());
        var served = server.accept(Cancellation.current());
        var datagrams = CancellableDatagramChannel.open(ANY);
        var pipe = CancellablePipe.open()) {
      cancelled(server::accept);
      cancelled(token -> client.read(token, ByteBuffer.allocate(1)));
      cancelled(token -> datagrams.receive(token, ByteBuffer.allocate(1)));
      cancelled(token -> pipe.source().read(token, ByteBuffer.allocate(1)));
      served.write(UTF_8.encode("x"));
      client.read(ByteBuffer.allocate(1));
    }
  }

  private static void factories() throws Exception {
    try (var server =
            CancellableServerSocketFactory.getDefault()
                .createServerSocket(0, 1, InetAddress.getLoopbackAddress());
        var client =
            CancellableSocketFactory.getDefault()
                .createSocket(InetAddress.getLoopbackAddress(), server.getLocalPort());
        var served = server.accept()) {
      cancelled(token -> Cancellation.call(token, () -> client.getInputStream().read()));
      served.getOutputStream().write(1);
      client.getInputStream().read();
    }
  }

  private static void pumps() throws Exception {
    try (var pumping = CancellableInputStream.pumping(new ByteArrayInputStream(new byte[] {1}))) {
      pumping.readAllBytes();
    }
    try (var lines =
        CancellableInputStream.pumping(new ByteArrayInputStream("a\nb".getBytes(UTF_8)))
            .lines(UTF_8)) {
      lines.readLine(Cancellation.current());
    }
    Path folder = Files.createTempDirectory("redeploy");
    Path fifo = folder.resolve("fifo");
    new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor();
    // Both ends, so that nobody waits for the other to be opened; the pump's read ends with it.
    try (var _ = new RandomAccessFile(fifo.toFile(), "rw");
        var reader = CancellableInputStream.open(fifo)) {
      cancelled(reader::read);
    } finally {
      Files.delete(fifo);
      Files.delete(folder);
    }
  }

  private static void files() throws Exception {
    Path folder = Files.createTempDirectory("redeploy");
    Path file = folder.resolve("a");
    CancellableFiles.writeString(Cancellation.current(), file, "text");
    CancellableFiles.copy(Cancellation.current(), file, folder.resolve("b"));
    CancellableFiles.readString(Cancellation.current(), file);
    try (var walk = CancellableFiles.walk(Cancellation.current(), folder)) {
      walk.sorted(java.util.Comparator.reverseOrder()).forEach(Application::delete);
    }
  }

  private static void delete(Path path) {
    try {
      Files.delete(path);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void watches() throws Exception {
    Path folder = Files.createTempDirectory("redeploy");
    try (DirectoryWatch watch = DirectoryWatch.of(folder)) {
      cancelled(watch::take);
    }
    Files.delete(folder);
  }

  private static void processes() throws Exception {
    CancellableProcess.run(Cancellation.current(), new ProcessBuilder("true"));
    cancelled(token -> CancellableProcess.run(token, new ProcessBuilder("sleep", "100")));
  }

  private static void streams() throws Exception {
    try (var source = CancellationSource.create()) {
      var until = UntilCancelled.thenThrow(source.token());
      until.stream(List.of(1, 2, 3).parallelStream()).forEach(_ -> {});
      for (Object _ : until.items(new ArrayDeque<>(List.of(1))::poll)) {
        Cancellation.checkpoint();
      }
      cancelled(
          token ->
              UntilCancelled.thenThrow(token).stream(
                      () -> Queues.take(token, new ArrayBlockingQueue<Integer>(1)))
                  .forEach(_ -> {}));
      CompletableFuture<Void> done;
      try (var publisher = new SubmissionPublisher<Integer>()) {
        done = new Reader(until.publisher(publisher)).ended;
        publisher.submit(1);
      }
      done.get();
    }
  }

  /** Takes all there is. */
  private static final class Reader implements java.util.concurrent.Flow.Subscriber<Integer> {
    final CompletableFuture<Void> ended = new CompletableFuture<>();

    Reader(java.util.concurrent.Flow.Publisher<Integer> publisher) {
      publisher.subscribe(this);
    }

    @Override
    public void onSubscribe(java.util.concurrent.Flow.Subscription subscription) {
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(Integer item) {}

    @Override
    public void onError(Throwable failure) {
      ended.completeExceptionally(failure);
    }

    @Override
    public void onComplete() {
      ended.complete(null);
    }
  }

  private static void shutdown() throws Exception {
    Shutdown shutdown = Shutdown.create("an application");
    shutdown.track("work").close();
    shutdown.initiate("redeploy");
    shutdown.await(none());
  }
}
