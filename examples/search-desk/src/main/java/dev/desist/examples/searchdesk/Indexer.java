package dev.desist.examples.searchdesk;

import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.function.Consumer;

/**
 * Reads a source into its database, batch by batch. Each batch is a transaction, and cancellation
 * is looked at between two of them: what is in the database is whole files, and the next start goes
 * on behind the last of them.
 */
final class Indexer {
  private static final int LINES_PER_BATCH = 20_000;

  private final Source source;
  private final List<Source.Entry> files;
  private final Database database;

  Indexer(Source source, List<Source.Entry> files, Database database) {
    this.source = source;
    this.files = files;
    this.database = database;
  }

  /**
   * Completes the database, whatever state it is in.
   *
   * @param notes hears, in one line each, what was found and done about it
   * @throws CancelledException if the token was cancelled; all whole batches are kept
   */
  void run(CancellationToken token, Consumer<String> notes, Consumer<IndexProgress> progress)
      throws IOException, SQLException {
    Database.State state = database.inspect();
    if (state == Database.State.COMPLETE) {
      return;
    }
    try (FileChannel _ = database.lock()) {
      switch (state) {
        case DAMAGED -> notes.accept("The cache is damaged; reading the source anew.");
        case OUTDATED -> notes.accept("The source has changed; reading it anew.");
        case PARTIAL -> notes.accept("An earlier start was stopped half-way; going on from there.");
        default -> {}
      }
      if (state == Database.State.DAMAGED || state == Database.State.OUTDATED) {
        database.discard();
        state = Database.State.ABSENT;
      }
      if (state == Database.State.ABSENT) {
        database.create();
      }
      if (state != Database.State.UNSEALED) {
        fill(token, notes, progress);
      }
      database.seal();
    }
  }

  private void fill(
      CancellationToken token, Consumer<String> notes, Consumer<IndexProgress> progress)
      throws IOException, SQLException {
    try (Connection connection = database.openForWriting();
        var batch = new Batch(connection)) {
      var counter =
          new IndexProgress.Counter(
              files.size(), files.stream().mapToLong(Source.Entry::size).sum());
      counter.before(
          batch.files,
          batch.lines,
          files.subList(0, batch.files).stream().mapToLong(Source.Entry::size).sum());
      while (batch.files < files.size()) {
        token.throwIfCancelled();
        long until = batch.lines + LINES_PER_BATCH;
        while (batch.files < files.size() && batch.lines < until) {
          Source.Entry entry = files.get(batch.files);
          List<String> lines = lines(entry, notes);
          batch.add(entry.path(), lines);
          counter.add(lines.size(), entry.size());
        }
        connection.commit();
        progress.accept(counter.now());
      }
      database.markComplete(connection);
      connection.commit();
    }
  }

  /** A file that cannot be read counts as empty: the others are still worth searching. */
  private List<String> lines(Source.Entry entry, Consumer<String> notes) {
    try {
      return source.lines(entry);
    } catch (IOException | IllegalArgumentException e) {
      notes.accept("Left out " + entry.path() + ": " + e.getMessage());
      return List.of();
    }
  }

  /** The two inserts, and where they have come to: ids are counted, not asked for. */
  private static final class Batch implements AutoCloseable {
    private final PreparedStatement insertFile;
    private final PreparedStatement insertLine;
    private int files;
    private long lines;

    Batch(Connection connection) throws SQLException {
      try (Statement statement = connection.createStatement();
          ResultSet done =
              statement.executeQuery(
                  "SELECT (SELECT count(*) FROM files), (SELECT coalesce(max(id), 0) FROM"
                      + " lines)")) {
        done.next();
        files = done.getInt(1);
        lines = done.getLong(2);
      }
      insertFile = connection.prepareStatement("INSERT INTO files VALUES(?, ?, ?, ?)");
      insertLine = connection.prepareStatement("INSERT INTO lines VALUES(?, ?, ?)");
    }

    void add(String path, List<String> text) throws SQLException {
      files++;
      insertFile.setInt(1, files);
      insertFile.setString(2, path);
      insertFile.setLong(3, lines + 1);
      insertFile.setInt(4, text.size());
      insertFile.executeUpdate();
      for (String line : text) {
        insertLine.setLong(1, ++lines);
        insertLine.setInt(2, files);
        insertLine.setString(3, line);
        insertLine.addBatch();
      }
      insertLine.executeBatch();
    }

    @Override
    public void close() throws SQLException {
      insertFile.close();
      insertLine.close();
    }
  }
}
