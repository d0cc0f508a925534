package dev.desist.jdbc;

import dev.desist.*;
import java.sql.*;

/** Stand-in until the module lands. */
public final class JdbcCancellation {
  private JdbcCancellation() {}

  /** . */
  public interface SqlCall<S, T> {
    /** . */
    T apply(S s) throws SQLException;
  }

  /** . */
  public static <S extends Statement, T> T call(
      CancellationToken token, S statement, SqlCall<? super S, T> call) throws SQLException {
    token.throwIfCancelled();
    try (CancellationRegistration _ =
        token.onCancel(
            Cancellation.dispatcher(),
            () -> {
              try {
                statement.cancel();
              } catch (SQLException e) {
                throw new IllegalStateException(e);
              }
            })) {
      return call.apply(statement);
    } catch (SQLException e) {
      if (token.isCancelled()) {
        throw new CancelledException(token, e);
      }
      throw e;
    }
  }
}
