package dev.desist.io;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import dev.desist.CancelledIOException;
import dev.desist.internal.Arguments;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.CopyOption;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitor;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The methods of {@link Files} that can take long, ended by a token, and without half a file left
 * behind.
 *
 * {@snippet class="dev.desist.snippets.FileSnippets" region="copy"}
 *
 * <p>Each method does what its namesake in {@link Files} does, and takes the same options, beside
 * those of {@link TransferOption}. It obeys the token that it is given, and the {@linkplain
 * Cancellation#current() current} one.
 *
 * <h2>Whole or not at all</h2>
 *
 * <p>What is written to a file goes into a new one beside it, in the same directory, whose name
 * begins with a full stop and ends with {@code .part}; at the end it takes the target's name, in
 * one step where the file system can. So nobody ever sees half a file under the target's name, and
 * if the call is cancelled or fails, an existing target is as it was, and the new file is gone.
 * (After the death of the process it is still there.) A target that was replaced is another file:
 * hard links to the old one keep the old bytes, and its owner is whoever runs this.
 *
 * <h2>What happens on a cancellation</h2>
 *
 * <p>The token is asked between two chunks, of 128 KiB if not told otherwise. A read or write of
 * the operating system that hangs, as on a network drive that is gone, is not ended. Files whose
 * reads may wait, such as FIFOs and devices, are read through a {@link CancellableInputStream}, so
 * waiting for them does end. A {@link CancelledIOException} says how many bytes had been
 * transferred; it is thrown also if a stream or a content has wrapped another exception around it,
 * which is suppressed then. After the last chunk, and before the file takes its name, the token is
 * asked a last time; from there on the call completes.
 *
 * <p>An interrupt neither ends a call nor closes anything, and the thread stays interrupted; but it
 * ends a wait for such a file, or for a stream of this package's, with an {@link
 * java.io.InterruptedIOException}.
 *
 * <p>No method here copies or deletes a directory with all that is in it: {@linkplain #walkFileTree
 * walk} it, and treat each file by itself. {@link DirectoryWatch} tells what changes in one.
 *
 * <h2>Which thread runs what</h2>
 *
 * <p>Everything runs on the calling thread, listeners too; but files whose reads may wait are read,
 * and {@link TransferOption#sync()} is done, by another, for which it waits. No lock is held.
 *
 * <h2>General exceptions</h2>
 *
 * <p>A null argument gives a {@link NullPointerException} that names the parameter. An option that
 * makes no sense gives an {@link UnsupportedOperationException}.
 */
public final class CancellableFiles {
  /**
   * Writes the content of a file.
   *
   * @param <X> what it may throw beside an {@link IOException}, such as what a query does
   */
  @FunctionalInterface
  public interface Content<X extends Exception> {
    /**
     * Writes it.
     *
     * @param out to this; each write asks the token, and throws a {@link CancelledIOException}. It
     *     may be closed or not; flushing it does nothing
     * @throws IOException makes the file as if it had never been begun
     * @throws X as well
     */
    void writeTo(OutputStream out) throws IOException, X;
  }

  private CancellableFiles() {}

  // ---- copying ----

  /**
   * Copies a file. The copy has the permissions of the source, as far as the process's defaults for
   * new files allow. If both are the same file, does nothing.
   *
   * @param token what may end it
   * @param source what to copy: not a directory
   * @param target what to make of it; a symbolic link is itself replaced
   * @param options {@link java.nio.file.StandardCopyOption#REPLACE_EXISTING REPLACE_EXISTING}, else
   *     an existing target fails the call; {@link java.nio.file.StandardCopyOption#COPY_ATTRIBUTES
   *     COPY_ATTRIBUTES} for times, all permissions, and where allowed the owner; {@link
   *     LinkOption#NOFOLLOW_LINKS NOFOLLOW_LINKS}, to copy a symbolic link and not what it leads
   *     to; {@link java.nio.file.StandardCopyOption#ATOMIC_MOVE ATOMIC_MOVE}, to fail where the
   *     copy cannot take its name in one step; and {@link TransferOption}s
   * @return how many bytes were copied
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws FileAlreadyExistsException if there is a target that is not to be replaced
   * @throws IOException if reading or writing fails
   */
  public static long copy(CancellationToken token, Path source, Path target, CopyOption... options)
      throws IOException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(target, "target");
    TransferOptions how = TransferOptions.ofCopy(options);
    CancellationToken obeyed = Cancellation.currentWith(token);
    CancelledIOException.throwIfCancelled(obeyed);
    return WholeFile.copy(obeyed, source, target, how);
  }

  /**
   * Copies what is left of a stream to a file. The source is read with the token as the current
   * one: so the wait in a read ends, too, if the stream is one of this package's. A read that
   * nothing can end delays the end of the call: {@linkplain CancellableInputStream#pumping pump}
   * such a stream.
   *
   * @param token what may end it
   * @param source what to copy; stays open. After a cancellation it is some way past the bytes that
   *     were transferred, and they are lost
   * @param target what to make of it; a symbolic link is itself replaced
   * @param options {@link java.nio.file.StandardCopyOption#REPLACE_EXISTING REPLACE_EXISTING}, else
   *     an existing target fails the call; {@link java.nio.file.StandardCopyOption#ATOMIC_MOVE
   *     ATOMIC_MOVE}, to fail where the file cannot take its name in one step; and {@link
   *     TransferOption}s
   * @return how many bytes were copied
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws FileAlreadyExistsException if there is a target that is not to be replaced
   * @throws IOException if reading or writing fails
   */
  public static long copy(
      CancellationToken token, InputStream source, Path target, CopyOption... options)
      throws IOException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(target, "target");
    TransferOptions how = TransferOptions.ofCopy(options);
    if (how.attributes || how.noFollow) {
      throw new UnsupportedOperationException("a stream has no attributes and is no link");
    }
    CancellationToken obeyed = Cancellation.currentWith(token);
    CancelledIOException.throwIfCancelled(obeyed);
    return WholeFile.copy(obeyed, source, target, how);
  }

  /**
   * Copies a file to a stream, which is written to with the token as the current one.
   *
   * @param token what may end it
   * @param source what to copy
   * @param target where to; stays open, and keeps what was written before a cancellation
   * @param options how; {@link TransferOption#sync()} has no meaning here
   * @return how many bytes were copied
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws IOException if reading or writing fails
   */
  public static long copy(
      CancellationToken token, Path source, OutputStream target, TransferOption... options)
      throws IOException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(target, "target");
    TransferOptions how = TransferOptions.ofRead(options);
    CancellationToken obeyed = Cancellation.currentWith(token);
    CancelledIOException.throwIfCancelled(obeyed);
    return WholeFile.copy(obeyed, source, target, how);
  }

  // ---- reading ----

  /**
   * Reads a file.
   *
   * @param token what may end it
   * @param source what to read
   * @param options how; {@link TransferOption#sync()} has no meaning here
   * @return its bytes
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws IOException if reading fails
   */
  public static byte[] readAllBytes(CancellationToken token, Path source, TransferOption... options)
      throws IOException {
    var bytes = new ByteArrayOutputStream();
    copy(token, source, bytes, options);
    return bytes.toByteArray();
  }

  /**
   * Reads a file of UTF-8 text.
   *
   * @param token what may end it
   * @param source what to read
   * @param options how
   * @return its text
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws IOException if reading fails, or it is not UTF-8
   */
  public static String readString(CancellationToken token, Path source, TransferOption... options)
      throws IOException {
    return readString(token, source, StandardCharsets.UTF_8, options);
  }

  /**
   * Reads a file of text.
   *
   * @param token what may end it
   * @param source what to read
   * @param charset how the text is encoded
   * @param options how; {@link TransferOption#sync()} has no meaning here
   * @return its text
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws java.nio.charset.CharacterCodingException if it is not so encoded
   * @throws IOException if reading fails
   */
  public static String readString(
      CancellationToken token, Path source, Charset charset, TransferOption... options)
      throws IOException {
    Objects.requireNonNull(charset, "charset");
    byte[] bytes = readAllBytes(token, source, options);
    return charset.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }

  // ---- writing ----

  /**
   * Writes a file, as {@link #write(CancellationToken, Path, Content, OpenOption...)} does.
   *
   * @param token what may end it
   * @param target what to write
   * @param bytes its content
   * @param options how
   * @return the target
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws FileAlreadyExistsException if there is a target that is not to be replaced
   * @throws IOException if writing fails
   */
  public static Path write(
      CancellationToken token, Path target, byte[] bytes, OpenOption... options)
      throws IOException {
    Objects.requireNonNull(bytes, "bytes");
    return write(token, target, OptionalLong.of(bytes.length), out -> out.write(bytes), options);
  }

  /**
   * Writes a file of UTF-8 text, as {@link #write(CancellationToken, Path, Content, OpenOption...)}
   * does.
   *
   * @param token what may end it
   * @param target what to write
   * @param text its content
   * @param options how
   * @return the target
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws IOException if writing fails
   */
  public static Path writeString(
      CancellationToken token, Path target, CharSequence text, OpenOption... options)
      throws IOException {
    return writeString(token, target, text, StandardCharsets.UTF_8, options);
  }

  /**
   * Writes a file of text, as {@link #write(CancellationToken, Path, Content, OpenOption...)} does.
   *
   * @param token what may end it
   * @param target what to write
   * @param text its content
   * @param charset how to encode it
   * @param options how
   * @return the target
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws java.nio.charset.CharacterCodingException if the charset lacks one of the characters
   * @throws IOException if writing fails
   */
  public static Path writeString(
      CancellationToken token,
      Path target,
      CharSequence text,
      Charset charset,
      OpenOption... options)
      throws IOException {
    Objects.requireNonNull(text, "text");
    Objects.requireNonNull(charset, "charset");
    ByteBuffer encoded = charset.newEncoder().encode(CharBuffer.wrap(text));
    return write(
        token,
        target,
        OptionalLong.of(encoded.remaining()),
        out ->
            out.write(
                encoded.array(), encoded.arrayOffset() + encoded.position(), encoded.remaining()),
        options);
  }

  /**
   * Writes a file that somebody else makes, such as an archive, or the rows of a query: with the
   * token as the current one. If a write has failed, so has this call, whatever {@code content}
   * made of it.
   *
   * {@snippet class="dev.desist.snippets.FileSnippets" region="write"}
   *
   * @param <X> what the content may throw beside an {@link IOException}
   * @param token what may end it
   * @param target what to write. A symbolic link is followed; a file that is replaced hands its
   *     permissions on
   * @param content writes it, on the calling thread
   * @param options if none of the JDK's are given, the file is created or replaced. {@link
   *     java.nio.file.StandardOpenOption#CREATE_NEW CREATE_NEW} fails if it exists, {@link
   *     java.nio.file.StandardOpenOption#TRUNCATE_EXISTING TRUNCATE_EXISTING} or {@link
   *     java.nio.file.StandardOpenOption#WRITE WRITE} without {@link
   *     java.nio.file.StandardOpenOption#CREATE CREATE} if it does not; {@link
   *     java.nio.file.StandardOpenOption#SYNC SYNC} is {@link TransferOption#sync()}. Nothing can
   *     be appended
   * @return the target
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws FileAlreadyExistsException if there is a target that is not to be replaced
   * @throws NoSuchFileException if there is none, and is to be one
   * @throws IOException if writing fails, or what {@code content} threw
   * @throws X what {@code content} threw
   */
  public static <X extends Exception> Path write(
      CancellationToken token, Path target, Content<X> content, OpenOption... options)
      throws IOException, X {
    Objects.requireNonNull(content, "content");
    return write(token, target, OptionalLong.empty(), content, options);
  }

  private static <X extends Exception> Path write(
      CancellationToken token,
      Path target,
      OptionalLong total,
      Content<X> content,
      OpenOption... options)
      throws IOException, X {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(target, "target");
    TransferOptions how = TransferOptions.ofWrite(options);
    CancellationToken obeyed = Cancellation.currentWith(token);
    CancelledIOException.throwIfCancelled(obeyed);
    WholeFile.write(obeyed, target, total, content, how);
    return target;
  }

  // ---- walking ----

  /**
   * Walks a tree, as {@link #walk(CancellationToken, Path, int, FileVisitOption...)} does, to any
   * depth.
   *
   * @param token what may end it
   * @param start where to begin
   * @param options how
   * @return the paths; close it
   * @throws CancelledIOException if the token is cancelled
   * @throws IOException if {@code start} cannot be read
   */
  public static Stream<Path> walk(CancellationToken token, Path start, FileVisitOption... options)
      throws IOException {
    return walk(token, start, Integer.MAX_VALUE, options);
  }

  /**
   * {@return the paths of a tree, each directory before what is in it} As with {@link
   * Files#walk(Path, int, FileVisitOption...)}, they are found as the stream is read, it must be
   * closed, and a directory that cannot be read throws an {@link java.io.UncheckedIOException}.
   *
   * <p>The token is asked before each path is handed on: then the stream throws a {@link
   * CancelledException}, which it can, other than a {@link CancelledIOException}.
   *
   * @param token what may end it
   * @param start where to begin
   * @param maxDepth how deep to go; 0 for {@code start} alone
   * @param options how
   * @throws IllegalArgumentException if {@code maxDepth} is negative
   * @throws CancelledIOException if the token is cancelled
   * @throws IOException if {@code start} cannot be read
   */
  @SuppressWarnings("StreamResourceLeak") // the caller closes it
  public static Stream<Path> walk(
      CancellationToken token, Path start, int maxDepth, FileVisitOption... options)
      throws IOException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(start, "start");
    TransferOptions.checked(options);
    Arguments.notNegative(maxDepth, "maxDepth");
    CancellationToken obeyed = Cancellation.currentWith(token);
    CancelledIOException.throwIfCancelled(obeyed);
    return Files.walk(start, maxDepth, options)
        .filter( // rather than peek, which a stream may leave out
            _ -> {
              obeyed.throwIfCancelled();
              return true;
            });
  }

  /**
   * Walks a tree as {@link Files#walkFileTree(Path, FileVisitor)} does, and asks the token before
   * each call of the visitor.
   *
   * @param token what may end it
   * @param start where to begin
   * @param visitor is shown everything, on the calling thread
   * @return the start
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws IOException what the visitor threw
   */
  public static Path walkFileTree(
      CancellationToken token, Path start, FileVisitor<? super Path> visitor) throws IOException {
    return walkFileTree(token, start, Set.of(), Integer.MAX_VALUE, visitor);
  }

  /**
   * Walks a tree as {@link Files#walkFileTree(Path, Set, int, FileVisitor)} does, and asks the
   * token before each call of the visitor.
   *
   * @param token what may end it
   * @param start where to begin
   * @param options how
   * @param maxDepth how deep to go; 0 for {@code start} alone
   * @param visitor is shown everything, on the calling thread
   * @return the start
   * @throws IllegalArgumentException if {@code maxDepth} is negative
   * @throws CancelledIOException if the token is or becomes cancelled
   * @throws IOException what the visitor threw
   */
  public static Path walkFileTree(
      CancellationToken token,
      Path start,
      Set<FileVisitOption> options,
      int maxDepth,
      FileVisitor<? super Path> visitor)
      throws IOException {
    Objects.requireNonNull(token, "token");
    Objects.requireNonNull(start, "start");
    Objects.requireNonNull(options, "options");
    Arguments.notNegative(maxDepth, "maxDepth");
    Objects.requireNonNull(visitor, "visitor");
    CancellationToken obeyed = Cancellation.currentWith(token);
    CancelledIOException.throwIfCancelled(obeyed);
    return Files.walkFileTree(start, options, maxDepth, new AskingVisitor(obeyed, visitor));
  }
}
