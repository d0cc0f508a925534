package dev.desist.examples.searchdesk;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Where one desk keeps the files of its downloads: a folder of its own below the cache, with a
 * locked file beside it for as long as the desk lives. A folder whose lock can be had belongs to a
 * desk that was killed, and is removed when the next one starts.
 *
 * <pre>
 * downloads/desk-4711.lock
 * downloads/desk-4711/.session-1-download-2.zip.RANDOM.part   while it is written
 * downloads/desk-4711/session-1-download-1.zip                until it is fetched
 * </pre>
 */
final class DownloadFolder implements AutoCloseable {
  private static final String LOCK = ".lock";

  /**
   * The locks of this process. Must not be tried: to close a second channel to a file gives up the
   * process's lock of it. Guarded by this class, as is all that happens to locks.
   */
  private static final Set<Path> OWN = new HashSet<>();

  private final Path lock;
  private final FileChannel held;
  private final Path folder;

  private DownloadFolder(Path lock, FileChannel held) throws IOException {
    this.lock = lock;
    this.held = held;
    this.folder = Files.createDirectory(folderOf(lock));
  }

  /** {@return a new one, after what killed desks left was removed} */
  static DownloadFolder open(Path cache) throws IOException {
    Path all = Files.createDirectories(cache.resolve("downloads"));
    synchronized (DownloadFolder.class) {
      removeAbandoned(all);
      while (true) {
        Path lock = Files.createTempFile(all, "desk-", LOCK);
        Optional<FileChannel> held = tryLock(lock);
        if (held.isPresent()) {
          OWN.add(lock);
          return new DownloadFolder(lock, held.get());
        }
        // Another desk, which starts at this moment, took it for abandoned: on with a new name.
      }
    }
  }

  private static void removeAbandoned(Path all) throws IOException {
    List<Path> locks;
    try (Stream<Path> found = Files.list(all)) {
      locks = found.filter(file -> file.toString().endsWith(LOCK)).toList();
    }
    for (Path lock : locks) {
      if (!OWN.contains(lock)) {
        try (FileChannel held = tryLock(lock).orElse(null)) {
          if (held != null) {
            remove(folderOf(lock));
            Files.deleteIfExists(lock);
          }
        } catch (IOException _) {
          // What cannot be removed keeps nobody from starting; the next start tries again.
        }
      }
    }
  }

  /** {@return the channel that holds the lock; empty if somebody else has it or removed it} */
  private static Optional<FileChannel> tryLock(Path lock) throws IOException {
    FileChannel channel;
    try {
      channel = FileChannel.open(lock, StandardOpenOption.WRITE);
    } catch (NoSuchFileException _) {
      return Optional.empty();
    }
    try {
      // It may have been removed between the opening and the locking.
      if (channel.tryLock() != null && Files.exists(lock)) {
        return Optional.of(channel);
      }
    } catch (OverlappingFileLockException _) {
      // Of this process, though not of this class: the same answer.
    }
    channel.close();
    return Optional.empty();
  }

  private static Path folderOf(Path lock) {
    String name = lock.getFileName().toString();
    return lock.resolveSibling(name.substring(0, name.length() - LOCK.length()));
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException _) {
      return;
    }
    Files.deleteIfExists(folder);
  }

  /** {@return where a file of this name will be once it is complete} */
  Path file(String name) {
    return folder.resolve(name);
  }

  /** Removes everything, also under those who still write: they fail, for their folder is gone. */
  @Override
  public void close() {
    synchronized (DownloadFolder.class) {
      try (held) {
        remove(folder);
        Files.deleteIfExists(lock);
      } catch (IOException _) {
        // The next start tries again.
      } finally {
        OWN.remove(lock);
      }
    }
  }
}
