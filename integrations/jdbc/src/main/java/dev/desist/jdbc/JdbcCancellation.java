package dev.desist.jdbc;

import dev.desist.Cancellation;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Runs JDBC statements so that they end when a token is cancelled, and leave the connection usable.
 */
public final class JdbcCancellation {
  private JdbcCancellation() {}

  /**
   * Calls {@code call} under the {@linkplain Cancellation#current() current token}.
   *
   * @param <S> the kind of statement
   * @param <T> what the call returns
   * @param statement what to cancel
   * @param call executes the statement and reads its rows, on the calling thread
   * @return what {@code call} returned
   * @throws CancelledException if the token was cancelled
   * @throws SQLException if the database failed for another reason
   */
  public static <S extends Statement, T extends @Nullable Object> T call(
      S statement, SqlCall<S, T> call) throws SQLException {
    return call(Cancellation.current(), statement, call);
  }

  /**
   * Calls {@code call}, and cancels {@code statement} when {@code token} is cancelled.
   *
   * @param <S> the kind of statement
   * @param <T> what the call returns
   * @param token what to obey
   * @param statement what to cancel
   * @param call executes the statement and reads its rows, on the calling thread
   * @return what {@code call} returned
   * @throws CancelledException if the token was cancelled
   * @throws SQLException if the database failed for another reason
   */
  public static <S extends Statement, T extends @Nullable Object> T call(
      CancellationToken token, S statement, SqlCall<S, T> call) throws SQLException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(statement, "statement");
    Objects.requireNonNull(call, "call");
    if (!token.canBeCancelled()) {
      return call.apply(statement);
    }
    token.throwIfCancelled();
    var canceller = new StatementCanceller(statement);
    CancellationRegistration registration = token.onCancel(Cancellation.dispatcher(), canceller);
    try {
      token.throwIfCancelled();
      return call.apply(statement);
    } catch (SQLException e) {
      if (token.isCancelled() && DriverAnswer.isCancellation(e)) {
        throw new CancelledException(token, e);
      }
      throw e;
    } finally {
      canceller.callEnded();
      registration.close(); // the fence: waits for a cancel under way
    }
  }
}
