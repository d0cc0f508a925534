/**
 * The end of a process, or of a part of it, from the signal to the last message: no new work, then
 * what is in flight, then what it has used; and a report of what did not end.
 *
 * <p>Begin with {@link dev.desist.shutdown.Shutdown}: {@code ofProcess} for a program of its own,
 * which then hears SIGTERM and SIGINT, {@code create} for a part, or a test. Those who take part
 * each have a {@link dev.desist.shutdown.Participant}: a piece of work that is tracked while it is
 * in flight, or an action that is run in one of the phases. Two tokens say how far it is: the soft
 * one, "take no new work"; the hard one, "end at once". {@link
 * dev.desist.shutdown.ShutdownProgress} tells how far it has come, in which {@link
 * dev.desist.shutdown.ShutdownPhase}; at the end there is a {@link
 * dev.desist.shutdown.ShutdownReport}, in which whoever did not listen is a {@link
 * dev.desist.Leftover}, with its stack.
 *
 * <p>Rules that hold here:
 *
 * <ul>
 *   <li><b>Work is tracked before it begins, or refused.</b> From the soft token on nothing new is
 *       taken, but for what follows from work in flight, until the hard token.
 *   <li><b>Each phase has a limit, and all come.</b> What hangs, throws or exits holds up nothing
 *       for longer than the limit of its phase, and nothing of the next.
 *   <li><b>What blocks:</b> {@code await}, which is given a token and obeys the current one as
 *       well. Tracking, closing, registering, {@code initiate} and {@code abort} wait for nobody.
 *   <li><b>Users' code</b>, which is actions, callbacks, names, listeners and reporter, runs on
 *       threads of this library, never on the one that conducts the phases, and under no lock.
 *   <li><b>Memory:</b> what a thread did before it closed the participant of its work, and what an
 *       action did, <i>happens-before</i> the return of {@code await}.
 *   <li><b>Time</b> is that of the {@link dev.desist.TimeSource} in use where the shutdown was
 *       made.
 * </ul>
 */
@NullMarked
package dev.desist.shutdown;

import org.jspecify.annotations.NullMarked;
