package dev.desist.examples.searchdesk;

import dev.desist.Cancellation;
import dev.desist.CancelledException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** The text of one file, compressed: an entry of a ZIP before it has its place in it. */
final class PackedFile {
  private final String name;
  private final long size;
  private final int crc;
  private final byte[] content;

  private PackedFile(String name, long size, int crc, byte[] content) {
    this.name = name;
    this.size = size;
    this.crc = crc;
    this.content = content;
  }

  String name() {
    return name;
  }

  /** {@return how many bytes the text has} */
  long size() {
    return size;
  }

  int crc() {
    return crc;
  }

  /** {@return the compressed bytes, which must not be changed} */
  byte[] content() {
    return content;
  }

  /** Compresses line by line, and looks at the current token between two blocks of lines. */
  static final class Packer implements AutoCloseable {
    private static final int BLOCK = 32_768;

    private final String name;
    private final Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    private final CRC32 crc = new CRC32();
    private final ByteArrayOutputStream packed = new ByteArrayOutputStream();
    private final byte[] buffer = new byte[8_192];
    private final StringBuilder block = new StringBuilder();

    Packer(String name) {
      this.name = name;
    }

    /**
     * Adds a line.
     *
     * @throws CancelledException if the current token is cancelled
     */
    void line(String line) {
      block.append(line).append('\n');
      if (block.length() >= BLOCK) {
        Cancellation.checkpoint();
        flush();
      }
    }

    private void flush() {
      byte[] text = block.toString().getBytes(StandardCharsets.UTF_8);
      block.setLength(0);
      crc.update(text);
      deflater.setInput(text);
      while (!deflater.needsInput()) {
        packed.write(buffer, 0, deflater.deflate(buffer));
      }
    }

    PackedFile finish() {
      flush();
      deflater.finish();
      while (!deflater.finished()) {
        packed.write(buffer, 0, deflater.deflate(buffer));
      }
      return new PackedFile(
          name, deflater.getBytesRead(), (int) crc.getValue(), packed.toByteArray());
    }

    /** Frees the memory of the compressor. */
    @Override
    public void close() {
      deflater.end();
    }
  }
}
