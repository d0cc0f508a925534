package dev.desist.concurrent;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Listens to what the library logs, at every level, while it is open; nobody else hears of it. */
final class LogProbe extends Handler implements AutoCloseable {
  private final Logger logger = Logger.getLogger("dev.desist");
  private final List<LogRecord> records = new CopyOnWriteArrayList<>();

  LogProbe() {
    logger.setLevel(Level.ALL);
    logger.setUseParentHandlers(false);
    logger.addHandler(this);
  }

  /** {@return what was logged so far, each with its level} */
  List<String> lines() {
    return records.stream().map(record -> record.getLevel() + " " + record.getMessage()).toList();
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
