package dev.desist.io;

import dev.desist.CancellationToken;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.OptionalLong;
import java.util.Set;

/**
 * A file that is written whole or not at all: into a new one beside it, which takes its name at the
 * end (promise 20). Whoever calls has checked the arguments and the token.
 */
final class WholeFile {
  /** As many symbolic links, one after the other, are a circle. */
  private static final int LINKS = 40;

  private WholeFile() {}

  static long copy(CancellationToken token, Path source, Path target, TransferOptions how)
      throws IOException {
    LinkOption[] follow =
        how.noFollow ? new LinkOption[] {LinkOption.NOFOLLOW_LINKS} : new LinkOption[0];
    var attributes = Files.readAttributes(source, BasicFileAttributes.class, follow);
    if (attributes.isDirectory()) {
      throw new FileSystemException(source.toString(), null, "is a directory");
    }
    if (Files.exists(target, follow) && Files.isSameFile(source, target)) {
      return 0;
    }
    refuseExisting(target, how);
    try (PartFile part = PartFile.beside(target)) {
      if (attributes.isSymbolicLink()) {
        part.createLinkLike(source);
        part.commit(how);
        return 0;
      }
      var transfer = new Transfer(token, how, size(attributes));
      Set<PosixFilePermission> permissions = FileAttributes.permissions(source);
      try (InputStream in = open(source, attributes);
          OutputStream out = part.create(FileAttributes.creating(permissions))) {
        transfer.copy(in, out);
      }
      transfer.end();
      if (how.attributes) {
        FileAttributes.copy(source, part.path());
      } else {
        FileAttributes.finish(part.path(), permissions);
      }
      part.commit(how);
      return transfer.done();
    }
  }

  static long copy(CancellationToken token, InputStream source, Path target, TransferOptions how)
      throws IOException {
    refuseExisting(target, how);
    var transfer = new Transfer(token, how, OptionalLong.empty());
    try (PartFile part = PartFile.beside(target)) {
      try (OutputStream out = part.create()) {
        copy(token, transfer, source, out);
      }
      transfer.end();
      part.commit(how);
      return transfer.done();
    }
  }

  /** Here it is the target's owner who keeps what was written. */
  static long copy(CancellationToken token, Path source, OutputStream target, TransferOptions how)
      throws IOException {
    var attributes = Files.readAttributes(source, BasicFileAttributes.class);
    var transfer = new Transfer(token, how, size(attributes));
    try (InputStream in = open(source, attributes)) {
      copy(token, transfer, in, target);
    }
    transfer.end();
    return transfer.done();
  }

  private static void copy(
      CancellationToken token, Transfer transfer, InputStream source, OutputStream target)
      throws IOException {
    Transfer.under(
        token,
        () -> {
          transfer.copy(source, target);
          return transfer;
        });
  }

  static <X extends Exception> void write(
      CancellationToken token,
      Path target,
      OptionalLong total,
      CancellableFiles.Content<X> content,
      TransferOptions how)
      throws IOException, X {
    refuseExisting(target, how);
    Path file = how.replace ? followLinks(target) : target;
    if (how.existing && !Files.exists(file)) {
      throw new NoSuchFileException(target.toString());
    }
    Set<PosixFilePermission> permissions =
        how.replace && Files.exists(file) ? FileAttributes.permissions(file) : null;
    var transfer = new Transfer(token, how, total);
    try (PartFile part = PartFile.beside(file)) {
      try (OutputStream raw = part.create(FileAttributes.creating(permissions))) {
        transfer.begin();
        var out = transfer.output(raw);
        Transfer.under(
            token,
            () -> {
              content.writeTo(out);
              return out;
            });
        out.throwIfFailed();
      }
      transfer.end();
      if (permissions != null) {
        Files.setPosixFilePermissions(part.path(), permissions);
      }
      part.commit(how);
    }
  }

  private static Path followLinks(Path path) throws IOException {
    Path at = path;
    for (int links = 0; Files.isSymbolicLink(at); links++) {
      if (links == LINKS) {
        throw new FileSystemException(path.toString(), null, "too many symbolic links");
      }
      at = at.resolveSibling(Files.readSymbolicLink(at));
    }
    return at;
  }

  private static void refuseExisting(Path target, TransferOptions how)
      throws FileAlreadyExistsException {
    if (!how.replace && Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new FileAlreadyExistsException(target.toString());
    }
  }

  /** Of what is no ordinary file, the size says nothing; of one in /proc, it is zero. */
  private static OptionalLong size(BasicFileAttributes attributes) {
    return attributes.isRegularFile() && attributes.size() > 0
        ? OptionalLong.of(attributes.size())
        : OptionalLong.empty();
  }

  /** What nothing interrupts: not a channel. */
  private static InputStream open(Path source, BasicFileAttributes attributes) throws IOException {
    return attributes.isOther()
        ? CancellableInputStream.open(source)
        : Files.newInputStream(source);
  }
}
