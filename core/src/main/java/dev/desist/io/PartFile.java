package dev.desist.io;

import dev.desist.internal.Lane;
import dev.desist.internal.Stack;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A file that is written beside its target, under a name of its own, and takes the target's name
 * when it is whole; else it is gone when this is closed.
 */
final class PartFile implements Closeable {
  /** So that the name stays within what systems allow, however long the target's is. */
  private static final int NAME = 48;

  private static final int ATTEMPTS = 100;

  private final Path target;
  private final Path path;

  /** There is a file by this name, and it is ours. */
  private boolean present;

  private PartFile(Path target, Path path) {
    this.target = target;
    this.path = path;
  }

  /** Makes the name up; there is no file yet. */
  static PartFile beside(Path target) throws IOException {
    Path name = target.getFileName();
    if (name == null) {
      throw new FileSystemException(target.toString(), null, "has no name to write to");
    }
    String text = name.toString();
    String prefix = '.' + text.substring(0, Math.min(NAME, text.length())) + '.';
    for (int attempt = 0; ; attempt++) {
      String random = Long.toString(ThreadLocalRandom.current().nextLong(Long.MAX_VALUE), 36);
      Path path = target.resolveSibling(prefix + random + ".part");
      if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS) || attempt == ATTEMPTS) {
        return new PartFile(target, path);
      }
    }
  }

  Path path() {
    return path;
  }

  /** Creates the file. What writes to it does not notice interrupts, unlike a channel. */
  OutputStream create(FileAttribute<?>... attributes) throws IOException {
    Stack.reserve();
    Set<StandardOpenOption> options =
        EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    SeekableByteChannel made = Files.newByteChannel(path, options, attributes);
    present = true; // even if closing it fails
    made.close();
    return Files.newOutputStream(path, StandardOpenOption.WRITE);
  }

  /** Makes the file a symbolic link as {@code source} is one. */
  void createLinkLike(Path source) throws IOException {
    Stack.reserve();
    Files.createSymbolicLink(path, Files.readSymbolicLink(source));
    present = true;
  }

  /** Gives the file the target's name. */
  void commit(TransferOptions options) throws IOException {
    Stack.reserve();
    if (options.sync && !Files.isSymbolicLink(path)) {
      try {
        force(path, StandardOpenOption.WRITE);
      } catch (AccessDeniedException e) {
        force(
            path, StandardOpenOption.READ); // it is to be read only, which will do on most systems
      }
    }
    if (options.replace) {
      replace(options.atomic);
    } else {
      occupy(options.atomic);
    }
    if (options.sync) {
      Path directory = target.toAbsolutePath().getParent();
      try {
        force(directory == null ? target : directory, StandardOpenOption.READ);
      } catch (IOException | UnsupportedOperationException e) {
        // Not every system can open a directory.
      }
    }
  }

  private void replace(boolean atomic) throws IOException {
    if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new DirectoryNotEmptyException(target.toString()); // even if it is: it is not a file
    }
    try {
      // Some file systems know only the second, and some obey only the first.
      Files.move(path, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      present = false;
    } catch (AtomicMoveNotSupportedException e) {
      if (atomic) {
        throw e;
      }
      Files.move(path, target, StandardCopyOption.REPLACE_EXISTING);
      present = false;
    }
  }

  /**
   * A move would replace what has come meanwhile, or look and then move; a second name for the same
   * file is given in one step, or refused. The first name goes when this is closed.
   */
  private void occupy(boolean atomic) throws IOException {
    try {
      Files.createLink(target, path);
    } catch (FileAlreadyExistsException e) {
      throw new FileAlreadyExistsException(target.toString());
    } catch (UnsupportedOperationException | IOException e) {
      if (atomic) {
        throw new AtomicMoveNotSupportedException(path.toString(), target.toString(), e.toString());
      }
      Files.move(path, target);
      present = false;
    }
  }

  /**
   * On a thread that nobody interrupts: an interrupt would close the channel, and on a virtual
   * thread block the one who sends it.
   */
  private static void force(Path path, StandardOpenOption mode) throws IOException {
    var done = new CompletableFuture<Void>();
    Lane.WORK.execute(
        () -> {
          try (FileChannel channel = FileChannel.open(path, mode)) {
            channel.force(true);
            done.complete(null);
          } catch (Throwable e) { // to the one who waits
            done.completeExceptionally(e);
          }
        });
    try {
      done.join();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case IOException failure -> throw failure;
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        case null, default -> throw e;
      }
    }
  }

  /** Deletes the name that is still there. */
  @Override
  public void close() throws IOException {
    if (present) {
      present = false;
      Files.deleteIfExists(path);
    }
  }
}
