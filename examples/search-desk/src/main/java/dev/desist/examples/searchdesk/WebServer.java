package dev.desist.examples.searchdesk;

import static dev.desist.examples.searchdesk.Requests.number;
import static dev.desist.examples.searchdesk.Requests.parameter;
import static dev.desist.examples.searchdesk.Requests.refuse;

import dev.desist.CancellationReason;
import dev.desist.CancelledException;
import dev.desist.concurrent.Futures;
import dev.desist.examples.searchdesk.Requests.BadRequestException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.BindException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The desk on HTTP, on this machine only.
 *
 * <pre>
 * GET  /api/live                server-sent events: hello, index, desk, goodbye; opens a session
 * GET  /api/search?session&amp;sequence&amp;q[&amp;timeout][&amp;cancellation=off]   one JSON object per line
 * GET  /api/file?session&amp;path&amp;line    a file around a line
 * POST /api/zip?session&amp;q[&amp;timeout]      packs the files of the hits shown; one JSON object per line
 * GET  /api/zip/ID?session      the file, once; DELETE stops the packing, or removes the file
 * POST /api/index/cancel, /api/index/continue
 * </pre>
 */
final class WebServer implements AutoCloseable {
  private static final Set<String> OWN_NAMES = Set.of("localhost", "127.0.0.1");
  private static final int LONGEST_TIMEOUT_MILLIS = 600_000;
  private static final String PACKING_TIMEOUT_MILLIS = "300000";

  private final Vertx vertx =
      Vertx.vertx(
          new VertxOptions()
              .setEventLoopPoolSize(1)
              .setFileSystemOptions(
                  new FileSystemOptions()
                      .setFileCachingEnabled(false)
                      .setClassPathResolvingEnabled(false)));
  private final Desk desk;
  private final WebFiles files = WebFiles.load();
  private final LiveFeed feed;
  private final HttpServer server;

  /**
   * Starts to listen.
   *
   * @throws IOException if the port is not to be had
   */
  WebServer(Desk desk, int port) throws IOException, InterruptedException {
    this.desk = desk;
    this.feed = new LiveFeed(vertx, desk);
    try {
      this.server =
          await(
              vertx
                  .createHttpServer(
                      new HttpServerOptions().setHost("127.0.0.1").setMaxInitialLineLength(65_536))
                  .requestHandler(this::handle)
                  .listen(port));
    } catch (IOException e) {
      vertx.close();
      throw e.getCause() instanceof BindException
          ? new IOException("port " + port + " is in use; --port 0 takes any that is free", e)
          : e;
    }
  }

  int port() {
    return server.actualPort();
  }

  /** Tells every open page that the desk ends, and waits until that is sent. */
  void sayGoodbye() throws InterruptedException {
    try {
      await(feed.sayGoodbye("The search desk was stopped. Thank you for searching."));
    } catch (IOException _) {
      // A page that is gone needs none.
    }
  }

  private void handle(HttpServerRequest request) {
    HttpServerResponse response = request.response();
    response.putHeader("Content-Security-Policy", "default-src 'self'; img-src 'self' data:");
    response.putHeader("X-Content-Type-Options", "nosniff");
    response.putHeader("Cache-Control", "no-cache");
    // Pages of other sites must not search here, nor under a name of theirs.
    var authority = request.authority();
    String site = request.getHeader("Sec-Fetch-Site");
    if (authority == null
        || !OWN_NAMES.contains(authority.host())
        || (site != null && !site.equals("same-origin") && !site.equals("none"))) {
      refuse(response, 403, "The search desk answers its own pages only.");
      return;
    }
    String path = request.path() == null ? "" : request.path();
    String route = request.method() + " " + path;
    try {
      switch (route) {
        case "GET /api/live" -> feed.open(response);
        case "GET /api/search" -> search(request);
        case "GET /api/file" -> view(request);
        case "POST /api/zip" -> download(request);
        case "POST /api/index/cancel" -> {
          desk.indexJob()
              .cancel(CancellationReason.requested("somebody pressed Cancel in the page"));
          response.end();
        }
        case "POST /api/index/continue" -> {
          desk.indexJob().start();
          response.end();
        }
        default -> {
          if (path.startsWith(ReadyDownloads.PATH)) {
            String number = path.substring(ReadyDownloads.PATH.length());
            ReadyDownloads.handle(request, number, session(request).downloads());
          } else if (request.method() != HttpMethod.GET || !files.send(path, response)) {
            refuse(response, 404, "There is nothing at " + path + ".");
          }
        }
      }
    } catch (Query.RefusedException | BadRequestException e) {
      refuse(response, 400, String.valueOf(e.getMessage()));
    }
  }

  private void search(HttpServerRequest request)
      throws Query.RefusedException, BadRequestException {
    HttpServerResponse response = request.response();
    Optional<Index> index = readyIndex(response);
    if (index.isEmpty()) {
      return;
    }
    Session session = session(request);
    int timeout = number(request, "timeout", "0", LONGEST_TIMEOUT_MILLIS);
    var asked =
        new Session.Request(
            number(request, "sequence", "", Integer.MAX_VALUE),
            Query.of(parameter(request, "q", "")),
            !parameter(request, "cancellation", "on").equals("off"),
            timeout == 0 ? Optional.empty() : Optional.of(Duration.ofMillis(timeout)));
    var lines = new JsonLines(vertx.getOrCreateContext(), response);
    var answer = new SearchAnswer(lines, index.get());
    answer.begin();
    Search search = desk.search(session, asked, index.get(), answer);
    response.closeHandler(
        _ -> {
          if (asked.cancellation()) {
            search.cancel(CancellationReason.disconnected("the page gave up " + asked.name()));
          }
        });
  }

  private void download(HttpServerRequest request)
      throws Query.RefusedException, BadRequestException {
    HttpServerResponse response = request.response();
    Optional<Index> index = readyIndex(response);
    if (index.isPresent()) {
      Session session = session(request);
      Query query = Query.of(parameter(request, "q", ""));
      int timeout = number(request, "timeout", PACKING_TIMEOUT_MILLIS, LONGEST_TIMEOUT_MILLIS);
      var lines = new JsonLines(vertx.getOrCreateContext(), response);
      var answer = new DownloadAnswer(lines);
      Download download =
          desk.download(session, query, index.get(), Duration.ofMillis(timeout), answer);
      response.closeHandler(
          _ ->
              session
                  .downloads()
                  .stop(
                      download.id(),
                      CancellationReason.disconnected("the page gave up " + download.name())));
    }
  }

  private void view(HttpServerRequest request) throws BadRequestException {
    HttpServerResponse response = request.response();
    Optional<Index> index = readyIndex(response);
    if (index.isEmpty()) {
      return;
    }
    Session session = session(request);
    String path = parameter(request, "path", "");
    int line = number(request, "line", "1", Integer.MAX_VALUE);
    var context = vertx.getOrCreateContext();
    var token = session.work().token();
    var _ =
        Futures.submit(token, desk.viewer(), () -> index.get().view(token, path, line))
            .whenCompleteAsync(
                (found, failure) -> {
                  switch (failure) {
                    case null -> sendFile(response, path, line, found);
                    case CancelledException e ->
                        refuse(response, 503, "Not read, because " + e.reason().message() + ".");
                    case SQLException e -> refuse(response, 500, "SQLite says: " + e.getMessage());
                    default -> refuse(response, 500, failure.toString());
                  }
                },
                answer -> context.runOnContext(_ -> answer.run()));
  }

  private static void sendFile(
      HttpServerResponse response, String path, int line, Optional<Index.Excerpt> found) {
    if (found.isEmpty()) {
      refuse(response, 404, "There is no line %,d in %s.".formatted(line, path));
      return;
    }
    response
        .putHeader("Content-Type", "application/json")
        .end(
            new JsonObject()
                .put("path", path)
                .put("first", found.get().first())
                .put("lines", new JsonArray(List.copyOf(found.get().lines())))
                .encode());
  }

  /** {@return the index, or nothing after having said why there is none} */
  private Optional<Index> readyIndex(HttpServerResponse response) {
    if (desk.isStopping()) {
      refuse(response, 503, "The search desk is stopping and takes no new searches.");
      return Optional.empty();
    }
    Optional<Index> index = desk.indexJob().index();
    if (index.isEmpty()) {
      refuse(response, 503, "There is nothing to search yet: the source is not wholly read.");
    }
    return index;
  }

  private Session session(HttpServerRequest request) throws BadRequestException {
    String id = parameter(request, "session", "");
    return desk.session(id)
        .orElseThrow(
            () -> new BadRequestException("session must be one that /api/live opened: " + id));
  }

  /** {@return the result of a step, waited for} */
  static <T> T await(Future<T> step) throws IOException, InterruptedException {
    try {
      return step.toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException(e.getCause() == null ? e : e.getCause());
    }
  }

  /** Stops listening; what is on its way to the pages is sent first. */
  @Override
  public void close() {
    try {
      await(server.close());
      await(vertx.close());
    } catch (IOException _) {
      // It ends with the process.
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
