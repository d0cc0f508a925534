package dev.desist.io;

import java.nio.charset.Charset;
import java.util.Objects;

/** How a process that was run to its end has ended, and what it wrote. */
public final class ProcessResult {
  private final int exitCode;
  private final byte[] output;
  private final byte[] errors;
  private final boolean truncated;

  ProcessResult(int exitCode, byte[] output, byte[] errors, boolean truncated) {
    this.exitCode = exitCode;
    this.output = output;
    this.errors = errors;
    this.truncated = truncated;
  }

  /** {@return the exit code; zero, by convention, for success} */
  public int exitCode() {
    return exitCode;
  }

  /** {@return what it wrote to its standard output, in the system's own charset} */
  public String output() {
    return output(system());
  }

  /**
   * {@return what it wrote to its standard output}
   *
   * @param charset how that is encoded
   */
  public String output(Charset charset) {
    return new String(output, Objects.requireNonNull(charset, "charset"));
  }

  /** {@return a copy of what it wrote to its standard output} */
  public byte[] outputBytes() {
    return output.clone();
  }

  /** {@return what it wrote to its standard error, in the system's own charset} */
  public String errors() {
    return errors(system());
  }

  /**
   * {@return what it wrote to its standard error}
   *
   * @param charset how that is encoded
   */
  public String errors(Charset charset) {
    return new String(errors, Objects.requireNonNull(charset, "charset"));
  }

  /** {@return a copy of what it wrote to its standard error} */
  public byte[] errorBytes() {
    return errors.clone();
  }

  /** {@return whether it wrote more than was to be kept, and the rest is missing here} */
  public boolean isTruncated() {
    return truncated;
  }

  private static Charset system() {
    return Charset.forName(System.getProperty("native.encoding"), Charset.defaultCharset());
  }

  /** {@return the exit code, and how much it wrote} */
  @Override
  public String toString() {
    return "exit code "
        + exitCode
        + ", "
        + output.length
        + " bytes of output, "
        + errors.length
        + " of errors"
        + (truncated ? ", truncated" : "");
  }
}
