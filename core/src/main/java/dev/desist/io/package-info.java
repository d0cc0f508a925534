/**
 * Streams, files, directories that are watched, and processes: each ended by a token, and left
 * whole.
 *
 * <p>Where to begin: {@link dev.desist.io.CancellableFiles} has what {@link java.nio.file.Files}
 * has and takes long; {@link dev.desist.io.CancellableInputStream} makes any stream, and standard
 * input, one whose reads end, and {@link dev.desist.io.CancellableLineReader} reads lines from it;
 * {@link dev.desist.io.DirectoryWatch} waits for changes; {@link dev.desist.io.CancellableProcess}
 * runs a process, and ends it with all that it has started.
 *
 * <p>The rules:
 *
 * <ul>
 *   <li>A call that is given a token obeys that, and the {@linkplain
 *       dev.desist.Cancellation#current() current} one. The forms without are those of {@link
 *       java.io.InputStream}, and obey the current one.
 *   <li>Whole or not at all: a file that was being written is as before, and what a cancelled read
 *       would have got, the next one gets.
 *   <li>What is thrown is a {@link dev.desist.CancelledIOException}, and where no {@link
 *       java.io.IOException} is declared, a {@link dev.desist.CancelledException}.
 *   <li>Reads that the operating system does not end are done by a thread of this library, which is
 *       a daemon, and stays in them; whoever waits for it comes back. What blocks otherwise is said
 *       with each class.
 * </ul>
 *
 * <p>What a thread did before it cancelled <i>happens-before</i> the exception of the call that
 * ends.
 */
@NullMarked
package dev.desist.io;

import org.jspecify.annotations.NullMarked;
