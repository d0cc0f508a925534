package dev.desist.jdbc;

import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/**
 * Cancels in H2 by way of the session, not of the statement.
 *
 * <p>H2's {@code Statement.cancel()} marks the compiled command, and nothing but the command itself
 * takes the mark away, when it next looks. A cancel that comes after its last look stays, and hits
 * the next run of the same prepared statement, or of the same SQL, which the session finds in its
 * cache: the fence cannot help. The mark of the <i>session</i> can be taken away, by setting the
 * query timeout, even to what it is; and a session can be marked before its statement has begun.
 *
 * <p>Only a database in this process has such a session. For one on a server, and should these
 * methods, which are public but not documented, be missing some day, there is none, and {@code
 * Statement.cancel()} it is.
 */
final class H2Session {
  private static final String CONNECTION = "org.h2.jdbc.JdbcConnection";
  private static final String SESSION = "org.h2.engine.SessionLocal";

  private final Object session;
  private final Method cancel;
  private final Method getQueryTimeout;
  private final Method setQueryTimeout;

  private H2Session(Object session) throws NoSuchMethodException {
    this.session = session;
    Class<?> type = session.getClass();
    cancel = type.getMethod("cancel");
    getQueryTimeout = type.getMethod("getQueryTimeout");
    setQueryTimeout = type.getMethod("setQueryTimeout", int.class);
  }

  /** {@return the session that runs {@code statement}; null if there is none to be had} */
  static @Nullable H2Session of(Statement statement) throws SQLException {
    // A pool hands out wrappers; the connection of the driver's own statement is the driver's own.
    Statement own =
        statement.isWrapperFor(Statement.class) ? statement.unwrap(Statement.class) : statement;
    Connection connection = own.getConnection();
    if (!connection.getClass().getName().equals(CONNECTION)) {
      return null;
    }
    try {
      Object session = connection.getClass().getMethod("getSession").invoke(connection);
      return session != null && session.getClass().getName().equals(SESSION)
          ? new H2Session(session)
          : null;
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }

  /** Cancels the statement that the session runs, or else its next one. */
  void cancel() throws SQLException {
    invoke(cancel);
  }

  /** Takes back a {@link #cancel} that hit nothing. On the thread that uses the connection. */
  void forget() throws SQLException {
    invoke(setQueryTimeout, invoke(getQueryTimeout));
  }

  private Object invoke(Method method, Object... arguments) throws SQLException {
    try {
      return method.invoke(session, arguments);
    } catch (ReflectiveOperationException e) {
      throw new SQLException("H2 does not do " + method, e);
    }
  }
}
