package dev.desist.jdbc;

import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/**
 * What {@link JdbcCancellation} runs under a token: executes a statement and reads what it gives.
 *
 * @param <S> the kind of statement
 * @param <T> what comes of it; may be null
 * @param <X> what it throws, a {@link SQLException} above all
 */
@FunctionalInterface
public interface SqlCall<S extends Statement, T extends @Nullable Object, X extends Exception> {
  /**
   * Executes the statement, reads the rows it wants and closes the result set.
   *
   * @param statement the statement that was given to {@code call}
   * @return what comes of it
   * @throws X if the database says so, be it because it was told to cancel
   */
  T apply(S statement) throws X;
}
