package dev.desist.examples.searchdesk;

import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;

/** Reads the parameters of requests, and refuses in words. */
final class Requests {
  private Requests() {}

  static String parameter(HttpServerRequest request, String name, String otherwise) {
    String value = request.getParam(name);
    return value == null ? otherwise : value;
  }

  static int number(HttpServerRequest request, String name, String otherwise, int most)
      throws BadRequestException {
    String value = parameter(request, name, otherwise);
    try {
      int number = Integer.parseInt(value);
      if (number >= 0 && number <= most) {
        return number;
      }
    } catch (NumberFormatException _) {
      // Answered below, with the values out of range.
    }
    throw new BadRequestException(
        name + " must be a whole number from 0 to " + most + ": " + value);
  }

  static void refuse(HttpServerResponse response, int status, String message) {
    if (!response.ended() && !response.closed()) {
      response
          .setStatusCode(status)
          .putHeader("Content-Type", "application/json")
          .end(new JsonObject().put("message", message).encode());
    }
  }

  static final class BadRequestException extends Exception {
    private static final long serialVersionUID = 1L;

    BadRequestException(String message) {
      super(message);
    }
  }
}
