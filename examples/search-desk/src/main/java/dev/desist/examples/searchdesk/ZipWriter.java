package dev.desist.examples.searchdesk;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.time.ZoneId;

/**
 * Writes files that are compressed already into a ZIP, which {@code ZipOutputStream} cannot: it
 * compresses itself, on the thread that writes.
 *
 * <p>The plain format of 1989, with names in UTF-8: less than 4 GB, and at most 65,535 files.
 */
final class ZipWriter {
  private static final int LOCAL_HEADER = 0x04034b50;
  private static final int CENTRAL_HEADER = 0x02014b50;
  private static final int END = 0x06054b50;
  private static final short VERSION = 20;
  private static final short UTF_8_NAMES = 0x0800;
  private static final short DEFLATED = 8;
  private static final long MOST_BYTES = 0xFFFF_FFFEL;
  private static final int MOST_FILES = 0xFFFF;

  private final OutputStream out;
  private final ByteArrayOutputStream directory = new ByteArrayOutputStream();
  private final int dosTime;
  private long written;
  private int files;

  /**
   * @param out stays open
   */
  ZipWriter(OutputStream out) {
    this.out = new BufferedOutputStream(out, 1 << 16);
    LocalDateTime now = LocalDateTime.now(ZoneId.systemDefault());
    int date = (now.getYear() - 1980) << 9 | now.getMonthValue() << 5 | now.getDayOfMonth();
    this.dosTime = date << 16 | now.getHour() << 11 | now.getMinute() << 5 | now.getSecond() / 2;
  }

  /** {@return how many bytes were written so far} */
  long written() {
    return written;
  }

  /**
   * Adds a file.
   *
   * @throws IOException if it cannot be written or is too much for this format
   */
  void add(PackedFile file) throws IOException {
    byte[] name = file.name().getBytes(StandardCharsets.UTF_8);
    if (name.length > 0xFFFF) {
      throw new IOException("a name in a ZIP has at most 65535 bytes: " + name.length);
    }
    long most = written + 200 + 2L * name.length + file.content().length + directory.size();
    if (most > MOST_BYTES || file.size() > MOST_BYTES || files == MOST_FILES) {
      throw new IOException("a ZIP holds less than 4 GB and at most 65535 files");
    }
    var inDirectory = new byte[46];
    ByteBuffer central = over(inDirectory).putInt(CENTRAL_HEADER).putShort(VERSION);
    describe(central, file, name.length);
    // No comment, one disk, no attributes.
    central.putShort((short) 0).putShort((short) 0).putShort((short) 0).putInt(0);
    central.putInt((int) written);
    directory.write(inDirectory);
    directory.write(name);
    var before = new byte[30];
    describe(over(before).putInt(LOCAL_HEADER), file, name.length);
    write(before);
    write(name);
    write(file.content());
    files++;
  }

  /** What both headers of a file have in common. */
  private void describe(ByteBuffer header, PackedFile file, int nameLength) {
    header.putShort(VERSION).putShort(UTF_8_NAMES).putShort(DEFLATED).putInt(dosTime);
    header.putInt(file.crc()).putInt(file.content().length).putInt((int) file.size());
    header.putShort((short) nameLength).putShort((short) 0);
  }

  /** Writes what is held back, and the directory, without which it is no ZIP. The last call. */
  void finish() throws IOException {
    long start = written;
    var last = new byte[22];
    ByteBuffer end = over(last).putInt(END).putShort((short) 0).putShort((short) 0);
    end.putShort((short) files).putShort((short) files);
    end.putInt(directory.size()).putInt((int) start).putShort((short) 0);
    write(directory.toByteArray());
    write(last);
    out.flush();
  }

  private static ByteBuffer over(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void write(byte[] bytes) throws IOException {
    out.write(bytes);
    written += bytes.length;
  }
}
