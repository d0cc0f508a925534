package dev.desist.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.DosFileAttributeView;
import java.nio.file.attribute.DosFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a file has beside its bytes. */
final class FileAttributes {
  private FileAttributes() {}

  /** Returns null where files have no such thing. */
  static @Nullable Set<PosixFilePermission> permissions(Path path) throws IOException {
    PosixFileAttributeView view = Files.getFileAttributeView(path, PosixFileAttributeView.class);
    return view == null ? null : view.readAttributes().permissions();
  }

  /** For a new file that is to be written to: no wider than {@code permissions} for others. */
  static FileAttribute<?>[] creating(@Nullable Set<PosixFilePermission> permissions) {
    if (permissions == null) {
      return new FileAttribute<?>[0];
    }
    var writable = new HashSet<>(permissions);
    writable.add(PosixFilePermission.OWNER_WRITE);
    return new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(writable)};
  }

  /** Takes back what {@link #creating} has added. */
  static void finish(Path path, @Nullable Set<PosixFilePermission> permissions) throws IOException {
    if (permissions != null && !permissions.contains(PosixFilePermission.OWNER_WRITE)) {
      var current = new HashSet<>(Files.getPosixFilePermissions(path));
      current.remove(PosixFilePermission.OWNER_WRITE);
      Files.setPosixFilePermissions(path, current);
    }
  }

  /** Copies times, permissions and, where that is allowed, owner and named attributes. */
  static void copy(Path source, Path target) throws IOException {
    copyNamed(source, target);
    PosixFileAttributeView posix = Files.getFileAttributeView(source, PosixFileAttributeView.class);
    BasicFileAttributes attributes;
    if (posix != null) {
      PosixFileAttributes read = posix.readAttributes();
      copyPosix(read, target);
      attributes = read;
    } else {
      DosFileAttributeView dos = Files.getFileAttributeView(source, DosFileAttributeView.class);
      attributes =
          dos == null
              ? Files.readAttributes(source, BasicFileAttributes.class)
              : dos.readAttributes();
    }
    BasicFileAttributeView times = Files.getFileAttributeView(target, BasicFileAttributeView.class);
    times.setTimes(
        attributes.lastModifiedTime(), attributes.lastAccessTime(), attributes.creationTime());
    if (attributes instanceof DosFileAttributes dos) {
      copyDos(dos, target);
    }
  }

  private static void copyPosix(PosixFileAttributes attributes, Path target) throws IOException {
    PosixFileAttributeView view = Files.getFileAttributeView(target, PosixFileAttributeView.class);
    if (view == null) {
      return;
    }
    try {
      view.setOwner(attributes.owner());
      view.setGroup(attributes.group());
    } catch (IOException e) {
      // For the superuser alone.
    }
    view.setPermissions(attributes.permissions());
  }

  private static void copyDos(DosFileAttributes attributes, Path target) throws IOException {
    DosFileAttributeView view = Files.getFileAttributeView(target, DosFileAttributeView.class);
    if (view != null) {
      view.setHidden(attributes.isHidden());
      view.setArchive(attributes.isArchive());
      view.setSystem(attributes.isSystem());
      view.setReadOnly(attributes.isReadOnly());
    }
  }

  private static void copyNamed(Path source, Path target) {
    try {
      var from = Files.getFileAttributeView(source, UserDefinedFileAttributeView.class);
      var to = Files.getFileAttributeView(target, UserDefinedFileAttributeView.class);
      if (from == null || to == null) {
        return;
      }
      for (String name : from.list()) {
        ByteBuffer value = ByteBuffer.allocate(from.size(name));
        from.read(name, value);
        to.write(name, value.flip());
      }
    } catch (IOException e) {
      // Not every file system has them.
    }
  }
}
