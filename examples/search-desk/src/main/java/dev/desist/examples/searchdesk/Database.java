package dev.desist.examples.searchdesk;

import dev.desist.Cancellation;
import dev.desist.io.CancellableFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;

/**
 * The file that holds the lines of one source, and the question whether it can be trusted.
 *
 * <pre>
 * States:  ABSENT ──▶ PARTIAL ──▶ UNSEALED ──▶ COMPLETE
 *                        any of them ──▶ DAMAGED, OUTDATED   (discarded, then ABSENT)
 * </pre>
 *
 * It is {@code UNSEALED} once its last transaction has marked it as whole, and {@code COMPLETE}
 * once a checksum of the closed file lies beside it. Only a complete database is searched. Every
 * other one goes through {@code quick_check} before it is continued.
 */
final class Database {
  /** Raised whenever the tables change. */
  private static final int SCHEMA = 1;

  private static final List<String> TABLES =
      List.of(
          "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
          """
          CREATE TABLE files(
            id INTEGER PRIMARY KEY,
            path TEXT NOT NULL UNIQUE,
            first INTEGER NOT NULL,
            lines INTEGER NOT NULL)
          """,
          "CREATE TABLE lines(id INTEGER PRIMARY KEY, file INTEGER NOT NULL, text TEXT NOT NULL)");

  private final Path file;
  private final Path seal;
  private final String stamp;

  /**
   * @param folder where databases lie
   * @param source whose lines these are
   * @param stamp the version of the source
   */
  Database(Path folder, Path source, String stamp) {
    String name = source.getFileName() + "-" + checksum(source.toString());
    this.file = folder.resolve(name + ".db");
    this.seal = folder.resolve(name + ".seal");
    this.stamp = stamp;
  }

  enum State {
    ABSENT,
    PARTIAL,
    UNSEALED,
    COMPLETE,
    OUTDATED,
    DAMAGED
  }

  /** {@return what lies on the disk, after a look at all of it, under the current token} */
  State inspect() throws IOException {
    if (!Files.exists(file)) {
      return State.ABSENT;
    }
    try (Connection connection = open(false);
        Statement statement = connection.createStatement()) {
      if (!meta(statement, "schema").equals(String.valueOf(SCHEMA))
          || !meta(statement, "stamp").equals(stamp)) {
        return State.OUTDATED;
      }
      boolean whole = !meta(statement, "complete").isEmpty();
      if (whole && Files.exists(seal)) {
        return Files.readString(seal).equals(contentChecksum()) ? State.COMPLETE : State.DAMAGED;
      }
      try (ResultSet check = statement.executeQuery("PRAGMA quick_check(1)")) {
        if (!check.next() || !check.getString(1).equals("ok")) {
          return State.DAMAGED;
        }
      }
      return whole ? State.UNSEALED : State.PARTIAL;
    } catch (SQLException _) {
      // Not a database, or not ours: either way not to be trusted.
      return State.DAMAGED;
    }
  }

  /** Creates the tables, of which none may exist. */
  void create() throws IOException, SQLException {
    Files.createDirectories(file.getParent());
    try (Connection connection = open(true);
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA page_size = 16384");
      connection.setAutoCommit(false);
      for (String sql : TABLES) {
        statement.execute(sql);
      }
      putMeta(statement, "schema", String.valueOf(SCHEMA));
      putMeta(statement, "stamp", stamp);
      connection.commit();
    }
  }

  /** {@return a connection for the one who fills it} */
  Connection openForWriting() throws SQLException {
    Connection connection = open(true);
    try (Statement statement = connection.createStatement()) {
      // A killed process loses at most the batch it was in.
      statement.execute("PRAGMA journal_mode = WAL");
      statement.execute("PRAGMA synchronous = NORMAL");
    }
    connection.setAutoCommit(false);
    return connection;
  }

  /** Writes the mark into the transaction under way, which must be the last. */
  void markComplete(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      putMeta(statement, "complete", "yes");
    }
  }

  /** Makes a marked database, which nobody has open, a complete one, under the current token. */
  void seal() throws IOException, SQLException {
    try (Connection connection = open(true);
        Statement statement = connection.createStatement()) {
      // Folds the log into the one file that is read from now on.
      statement.execute("PRAGMA journal_mode = DELETE");
    }
    CancellableFiles.writeString(Cancellation.current(), seal, contentChecksum());
  }

  /** {@return a connection that only reads, to a complete database} */
  Connection openForReading() throws SQLException {
    return DriverManager.getConnection("jdbc:sqlite:" + file.toUri() + "?mode=ro&immutable=1");
  }

  /** Removes every file of it. */
  void discard() throws IOException {
    Files.deleteIfExists(seal);
    Files.deleteIfExists(file);
    for (String suffix : new String[] {"-wal", "-shm", "-journal"}) {
      Files.deleteIfExists(Path.of(file + suffix));
    }
  }

  /**
   * {@return the right to change it, until closed}
   *
   * @throws IOException if another process has it
   */
  FileChannel lock() throws IOException {
    Files.createDirectories(file.getParent());
    FileChannel channel =
        FileChannel.open(
            Path.of(file + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return channel;
      }
    } catch (OverlappingFileLockException _) {
      // Another desk in this process: the same answer.
    }
    channel.close();
    throw new IOException("another search desk is filling " + file);
  }

  private Connection open(boolean create) throws SQLException {
    return DriverManager.getConnection("jdbc:sqlite:" + file.toUri() + (create ? "" : "?mode=rw"));
  }

  private static String meta(Statement statement, String key) throws SQLException {
    try (ResultSet rows =
        statement.executeQuery("SELECT value FROM meta WHERE key = '" + key + "'")) {
      return rows.next() ? rows.getString(1) : "";
    }
  }

  private static void putMeta(Statement statement, String key, String value) throws SQLException {
    statement.execute(
        "INSERT INTO meta VALUES('%s', '%s')".formatted(key, value.replace("'", "''")));
  }

  private String contentChecksum() throws IOException {
    var sum = new CRC32C();
    try (var out = new CheckedOutputStream(OutputStream.nullOutputStream(), sum)) {
      CancellableFiles.copy(Cancellation.current(), file, out);
    } catch (NoSuchFileException _) {
      return "none";
    }
    return "crc32c " + HexFormat.of().toHexDigits((int) sum.getValue());
  }

  private static String checksum(String text) {
    var sum = new CRC32C();
    sum.update(text.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().toHexDigits((int) sum.getValue());
  }
}
