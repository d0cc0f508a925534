package dev.desist.examples.download;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * What has come of a file so far, beside where it is to be: {@code x.part}, and in {@code x.tag}
 * what the server calls the version that it is of. Without a tag, a part is of no use.
 */
record PartFile(Path target, Path part, Path tag) {
  static PartFile of(Path target) {
    return new PartFile(
        target,
        target.resolveSibling(target.getFileName() + ".part"),
        target.resolveSibling(target.getFileName() + ".tag"));
  }

  /** {@return how many bytes there are to go on from} */
  long size() throws IOException {
    return Files.exists(part) && Files.exists(tag) ? Files.size(part) : 0;
  }

  String version() throws IOException {
    return Files.readString(tag);
  }

  /** Begins anew, with a version by which one can go on later, if there is one. */
  OutputStream begin(Optional<String> version) throws IOException {
    Files.deleteIfExists(tag);
    OutputStream out = Files.newOutputStream(part);
    if (version.isPresent()) {
      Files.writeString(tag, version.get());
    }
    return out;
  }

  OutputStream goOn() throws IOException {
    return Files.newOutputStream(part, StandardOpenOption.APPEND);
  }

  /** Puts the file in its place, whole. */
  void finish() throws IOException {
    Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    Files.deleteIfExists(tag);
  }

  void discard() throws IOException {
    Files.deleteIfExists(part);
    Files.deleteIfExists(tag);
  }
}
