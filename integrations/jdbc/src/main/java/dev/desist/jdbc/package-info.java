/**
 * JDBC statements that end when a token is cancelled, and leave their connection usable.
 *
 * <p>There is one class, {@link dev.desist.jdbc.JdbcCancellation}, with one method: it executes
 * under a token, and under the current one as well, what you would execute anyway. On a cancel the
 * database is told to end the statement, which throws a {@link dev.desist.CancelledException} then.
 *
 * <p>Rules that hold here:
 *
 * <ul>
 *   <li>A cancel hits what runs inside the call, and never what comes after it on the connection.
 *   <li>Neither is a thread interrupted nor a connection closed.
 *   <li>The call is made on the calling thread; the driver's {@code cancel}, which can block, on a
 *       thread of {@link dev.desist.Cancellation#dispatcher()}. The call waits for a cancel that is
 *       under way when it ends, so what that did <i>happens-before</i> the call's return.
 *   <li>What a driver cannot do is said in the class's documentation, driver by driver.
 * </ul>
 */
@NullMarked
package dev.desist.jdbc;

import org.jspecify.annotations.NullMarked;
