package dev.desist.examples.searchdesk;

import static dev.desist.examples.searchdesk.Requests.refuse;

import dev.desist.CancellationReason;
import dev.desist.examples.searchdesk.Downloads.Ready;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.Optional;

/** The address of one download: where its file is fetched from, and where it is stopped. */
final class ReadyDownloads {
  static final String PATH = "/api/zip/";

  private ReadyDownloads() {}

  /**
   * Answers.
   *
   * @param number which one, as the address has it behind {@link #PATH}
   * @param downloads those of the page that asks
   */
  static void handle(HttpServerRequest request, String number, Downloads downloads) {
    HttpServerResponse response = request.response();
    Optional<Integer> id =
        number.matches("[1-9]\\d{0,8}") ? Optional.of(Integer.valueOf(number)) : Optional.empty();
    if (request.method() == HttpMethod.DELETE) {
      var reason = CancellationReason.requested("somebody pressed Cancel in the page");
      if (id.isPresent() && downloads.stop(id.get(), reason)) {
        response.setStatusCode(204).end();
        return;
      }
    } else if (request.method() == HttpMethod.GET) {
      Optional<Ready> ready = id.flatMap(downloads::ready);
      if (ready.isPresent()) {
        send(response, ready.get(), () -> downloads.remove(id.get()));
        return;
      }
    }
    refuse(response, 404, "There is no download " + number + ", or not any more.");
  }

  /** The file goes once all of it is sent: after a broken connection it can be had again. */
  private static void send(HttpServerResponse response, Ready ready, Runnable sent) {
    response
        .putHeader("Content-Type", "application/zip")
        .putHeader("Content-Disposition", "attachment; filename=\"" + ready.name() + '"')
        .putHeader("Cache-Control", "no-store")
        .sendFile(ready.file().toString())
        .onSuccess(_ -> sent.run())
        .onFailure(_ -> refuse(response, 404, "The download is not there any more."));
  }
}
