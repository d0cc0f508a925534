package dev.desist.jdbc;

import dev.desist.Cancellation;
import dev.desist.CancellationRegistration;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.Deadline;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Runs JDBC statements so that they end when a token is cancelled, and their connection stays
 * usable: the cancel reaches what runs inside the call, and nothing after it.
 *
 * <p>For example:
 *
 * {@snippet class="dev.desist.jdbc.snippets.JdbcSnippets" region="call"}
 *
 * <h2>What ends how</h2>
 *
 * <ul>
 *   <li>A token that is cancelled beforehand: the call is not begun, and {@link CancelledException}
 *       thrown.
 *   <li>A token that is cancelled meanwhile: the database is told, by {@link Statement#cancel()}.
 *       If the call then fails because the database obeyed, {@code CancelledException} is thrown,
 *       with the driver's exception as its cause. If it returns a value all the same, the value is
 *       returned: completion beats cancellation.
 *   <li>Any other exception of the call is thrown as it is, whatever the token says by then.
 * </ul>
 *
 * <p>A driver's exception counts as obedience if the token is cancelled and the exception, one of
 * its causes or one chained to it by {@link SQLException#getNextException()} has SQLState 57014,
 * HY008, 70100 or 40502, or has no SQLState and the code 9 of SQLite, or is a {@link
 * java.sql.SQLTimeoutException} with another SQLState than HYT00, which is the timeout of a lock. A
 * driver that says it in another way has its exception thrown as it is.
 *
 * <p>The database is told again and again, at growing intervals, until the call has ended: a cancel
 * that finds the driver between two steps is not lost. So everything in the call is under the
 * token. What must be done in spite of it, such as {@code rollback}, belongs after the call.
 *
 * <h2>Rows</h2>
 *
 * <p>Read the rows and close the result set inside the call. Some drivers notice a cancel while
 * rows are read, others have fetched all by then: a loop that takes long over its rows should ask
 * the token, by {@link CancellationToken#throwIfCancelled()}.
 *
 * <h2>Deadlines</h2>
 *
 * <p>A deadline of the token cancels like anything else; whoever set it with {@code Tasks.within}
 * gets a {@code TimeoutException}. As a second line, should the database be deaf to {@code cancel},
 * {@link Statement#setQueryTimeout} is set to the time that is left, rounded up to a second, and
 * put back when the call has ended. If it is what ends the call, that too is {@code
 * CancelledException}. It is left alone if it is shorter already, if more than a day is left, and
 * for SQLite and H2, where it means something else.
 *
 * <h2>Which thread runs what</h2>
 *
 * <p>The call runs on the calling thread. {@code Statement.cancel()} can block; it runs on a thread
 * of {@link Cancellation#dispatcher()}, never on the one that cancels. If it is under way when the
 * call ends, the calling thread waits for it to return, however long the driver takes. No thread is
 * ever interrupted, and an interrupt of the calling thread is left alone.
 *
 * <h2>What the drivers do</h2>
 *
 * <ul>
 *   <li>A connection is for one thread at a time, and SQLite and H2 cancel whatever the connection
 *       is doing. SQLite goes on to cancel for as long as any result set of the connection is open.
 *   <li>An update that SQLite breaks off takes the transaction it is in along. Outside auto-commit
 *       mode, a new one is then begun, so that {@code commit} and {@code rollback} work as ever.
 *       The driver closes a prepared statement that was cancelled while it executed.
 *   <li>H2 in this process is cancelled through its session, because its {@code Statement.cancel()}
 *       can come too late and stick to the prepared statement, or to the SQL. H2 on a server has
 *       only that: there, a late cancel can still hit the next run of the same SQL.
 *   <li>A wait for a lock is not cut short by SQLite or H2. It ends when the lock is free or its
 *       timeout has passed, and then with the exception that says so.
 *   <li>A database that does not support {@code cancel} runs on, up to its query timeout; this is
 *       logged.
 * </ul>
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter.
 */
public final class JdbcCancellation {
  /** How much later than a driver's timeout the deadline it was made from may be noticed. */
  private static final Duration TIMER_LAG = Duration.ofSeconds(1);

  private JdbcCancellation() {}

  /**
   * Calls {@code call}, and cancels {@code statement} when {@code token} or the current token is
   * cancelled.
   *
   * @param <S> the kind of statement
   * @param <T> what the call gives
   * @param <X> what it throws, a {@link SQLException} above all
   * @param token what to obey, as well as the current token
   * @param statement what to cancel; it stays open
   * @param call executes the statement, reads the rows it wants and closes the result set, on the
   *     calling thread
   * @return what {@code call} gave
   * @throws CancelledException if a token was cancelled before the call or ended it
   * @throws X what the call threw otherwise
   */
  public static <S extends Statement, T extends @Nullable Object, X extends Exception> T call(
      CancellationToken token, S statement, SqlCall<S, T, X> call) throws X {
    CancellationToken obeyed = Cancellation.currentWith(token);
    Objects.requireNonNull(statement, "statement");
    Objects.requireNonNull(call, "call");
    if (!obeyed.canBeCancelled()) {
      return call.apply(statement);
    }
    obeyed.throwIfCancelled(); // what was cancelled never starts (promise 23)
    Deadline deadline = obeyed.deadline();
    QueryTimeout timeout = QueryTimeout.shorten(statement, deadline);
    var canceller = new StatementCanceller(statement);
    try {
      return fenced(obeyed, canceller, statement, call);
    } catch (Exception e) { // X, or unchecked
      if (e instanceof SQLException answer
          && ((DriverAnswer.isCancellation(answer) && obeyed.isCancelled())
              || (timeout != null
                  && DriverAnswer.isTimeout(answer)
                  && noticed(obeyed, deadline)))) {
        SqliteTransaction.reopen(statement);
        var cancelled = new CancelledException(obeyed, answer);
        if (canceller.failure() != null) {
          cancelled.addSuppressed(canceller.failure());
        }
        throw cancelled;
      }
      throw e;
    } finally {
      if (timeout != null) {
        timeout.restore();
      }
    }
  }

  /** When this returns or throws, no cancel is under way, nor will be (promise 19). */
  private static <S extends Statement, T extends @Nullable Object, X extends Exception> T fenced(
      CancellationToken token, StatementCanceller canceller, S statement, SqlCall<S, T, X> call)
      throws X {
    CancellationRegistration registration = token.onCancel(Cancellation.dispatcher(), canceller);
    try {
      token.throwIfCancelled();
      return call.apply(statement);
    } finally {
      canceller.callEnded();
      registration.close();
      canceller.forget();
    }
  }

  /**
   * Whether the driver's timeout was that of the deadline. The driver may be first to notice that
   * it has passed; the token is given a moment.
   */
  private static boolean noticed(CancellationToken token, Deadline deadline) {
    try {
      return deadline.isPassed() && token.await(TIMER_LAG);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return token.isCancelled();
    }
  }
}
