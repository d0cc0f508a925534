package dev.desist.io;

import dev.desist.CancellationToken;
import dev.desist.CancelledIOException;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.FileVisitor;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** Asks the token before it passes on. */
record AskingVisitor(CancellationToken token, FileVisitor<? super Path> visitor)
    implements FileVisitor<Path> {
  @Override
  public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes)
      throws IOException {
    CancelledIOException.throwIfCancelled(token);
    return visitor.preVisitDirectory(path, attributes);
  }

  @Override
  public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) throws IOException {
    CancelledIOException.throwIfCancelled(token);
    return visitor.visitFile(path, attributes);
  }

  @Override
  public FileVisitResult visitFileFailed(Path path, IOException failure) throws IOException {
    CancelledIOException.throwIfCancelled(token);
    return visitor.visitFileFailed(path, failure);
  }

  @Override
  public FileVisitResult postVisitDirectory(Path path, @Nullable IOException failure)
      throws IOException {
    CancelledIOException.throwIfCancelled(token);
    return visitor.postVisitDirectory(path, failure);
  }
}

// ---- watching ----
