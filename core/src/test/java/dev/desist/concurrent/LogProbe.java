package dev.desist.concurrent;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Listens to what the library logs, at every level, while it is open. */
final class LogProbe extends Handler implements AutoCloseable {
  private final Logger logger = Logger.getLogger("dev.desist");
  private final List<LogRecord> records = new CopyOnWriteArrayList<>();

  LogProbe() {
    logger.setLevel(Level.ALL);
    logger.setUseParentHandlers(false);
    logger.addHandler(this);
  }

  /** {@return the messages of the exceptions that were logged} */
  List<String> thrown() {
    return records.stream()
        .map(record -> Objects.requireNonNull(record.getThrown()).getMessage())
        .toList();
  }

  @Override
  public void publish(LogRecord record) {
    records.add(record);
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    logger.removeHandler(this);
    logger.setUseParentHandlers(true);
    logger.setLevel(null);
  }
}
