/**
 * The cellar: what at least two of the packages above need, and no user. It is not exported, and
 * knows nothing of tokens.
 *
 * <p>{@code Lane} has the library's threads, one lane for each kind of task; {@code Lane.Prompt}
 * marks the callbacks that need none. {@code GuardedThread} sends all interrupts there are. {@code
 * Foreign} deals with what others wrote, exceptions, loggers and {@code toString}, where nothing
 * may be thrown. {@code Overdue} lists work that was cancelled and goes on. {@code Stack} makes
 * sure of the stack before a step that must not be cut in two. {@code Waiters} are threads that
 * wait for something to change. {@code Ambient}, {@code Fields} and {@code Arguments} are small
 * things: what is current, access to fields that several threads touch, and rules for arguments.
 *
 * <p>Rules that hold here: nobody's code is called under a lock, with one exception, which its
 * class explains; nothing waits for a user; a class comes here when a second package needs it, and
 * goes when but one is left.
 */
@NullMarked
package dev.desist.internal;

import org.jspecify.annotations.NullMarked;
