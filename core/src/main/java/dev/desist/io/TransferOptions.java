package dev.desist.io;

import dev.desist.internal.Foreign;
import java.nio.file.CopyOption;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The options of one transfer, read. */
final class TransferOptions {
  static final int CHUNK = 128 * 1024;

  /** Asking more often than was wanted is no harm; a buffer as large as that may be. */
  private static final int LARGEST = 16 * 1024 * 1024;

  int chunk = CHUNK;
  TransferOption.@Nullable Progress progress;
  boolean sync;

  /** An existing target is replaced; else it fails the transfer. */
  boolean replace;

  /** There must be a target. */
  boolean existing;

  boolean attributes;
  boolean noFollow;

  /** Fail rather than replace in two steps. */
  boolean atomic;

  private TransferOptions() {}

  /** Of a copy: as with {@link java.nio.file.Files#copy}. */
  static TransferOptions ofCopy(CopyOption... options) {
    var result = new TransferOptions();
    for (CopyOption option : checked(options)) {
      switch (option) {
        case TransferOption ours -> result.add(ours);
        case StandardCopyOption.REPLACE_EXISTING -> result.replace = true;
        case StandardCopyOption.COPY_ATTRIBUTES -> result.attributes = true;
        case StandardCopyOption.ATOMIC_MOVE -> result.atomic = true;
        case LinkOption.NOFOLLOW_LINKS -> result.noFollow = true;
        default -> throw unsupported(option);
      }
    }
    return result;
  }

  /**
   * Of writing: as with {@link java.nio.file.Files#write}, which replaces unless told otherwise.
   */
  static TransferOptions ofWrite(OpenOption... options) {
    var result = new TransferOptions();
    result.replace = true;
    boolean standard = false;
    boolean create = false;
    for (OpenOption option : checked(options)) {
      switch (option) {
        case TransferOption ours -> result.add(ours);
        case StandardOpenOption open -> {
          standard |= open != StandardOpenOption.SYNC && open != StandardOpenOption.DSYNC;
          switch (open) {
            case WRITE, TRUNCATE_EXISTING -> {}
            case CREATE -> create = true;
            case CREATE_NEW -> {
              create = true;
              result.replace = false;
            }
            case SYNC, DSYNC -> result.sync = true;
            default -> throw unsupported(option);
          }
        }
        default -> throw unsupported(option);
      }
    }
    result.existing = standard && !create;
    return result;
  }

  /** Of reading, where nothing is written. */
  static TransferOptions ofRead(TransferOption... options) {
    var result = new TransferOptions();
    for (TransferOption option : checked(options)) {
      result.add(option);
    }
    return result;
  }

  static <T> T[] checked(T[] options) {
    Objects.requireNonNull(options, "options");
    for (int i = 0; i < options.length; i++) {
      if (options[i] == null) {
        throw new NullPointerException("options[" + i + "]");
      }
    }
    return options;
  }

  private void add(TransferOption option) {
    switch (option) {
      case TransferOption.ChunkSize size -> chunk = Math.min(size.bytes(), LARGEST);
      case TransferOption.Progress each -> progress = each;
      case TransferOption.Sync _ -> sync = true;
    }
  }

  private static UnsupportedOperationException unsupported(Object option) {
    return new UnsupportedOperationException(
        "option is not supported here: " + Foreign.describe(option));
  }
}
