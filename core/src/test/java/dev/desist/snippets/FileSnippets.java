package dev.desist.snippets;

import dev.desist.Cancellation;
import dev.desist.CancellationToken;
import dev.desist.io.CancellableFiles;
import dev.desist.io.CancellableInputStream;
import dev.desist.io.CancellableLineReader;
import dev.desist.io.DirectoryWatch;
import dev.desist.io.TransferOption;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

final class FileSnippets {
  // @start region="copy"
  static void backUp(CancellationToken token, Path database, Path backup) throws IOException {
    CancellableFiles.copy(
        token,
        database,
        backup, // the old one or the new one, never a part of it
        StandardCopyOption.REPLACE_EXISTING,
        TransferOption.sync(),
        TransferOption.progress(
            progress -> progress.fraction().ifPresent(done -> show((int) (100 * done) + " %"))));
  }

  // @end

  // @start region="write"
  static void pack(CancellationToken token, List<Path> files, Path archive) throws IOException {
    CancellableFiles.write(
        token,
        archive,
        out -> {
          try (var zip = new ZipOutputStream(out)) {
            for (Path file : files) {
              zip.putNextEntry(new ZipEntry(file.getFileName().toString()));
              CancellableFiles.copy(Cancellation.current(), file, zip); // under the same token
            }
          }
        });
  }

  // @end

  // @start region="stdin"
  static int ask(CancellationToken token, String question) throws IOException {
    show(question);
    return CancellableInputStream.systemIn().read(token); // what comes too late, the next one gets
  }

  // @end

  // @start region="lines"
  static void follow(CancellationToken token, Path fifo) throws IOException {
    try (CancellableLineReader lines =
        CancellableInputStream.open(fifo).lines(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(token); line != null; line = lines.readLine(token)) {
        show(line);
      }
    }
  }

  // @end

  // @start region="watch"
  static void serveInbox(CancellationToken token, Path inbox) throws IOException {
    try (DirectoryWatch watch = DirectoryWatch.of(inbox)) {
      while (true) {
        for (DirectoryWatch.Change change : watch.take(token)) {
          show(change.kind() + " " + change.path());
        }
      }
    }
  }

  // @end

  private static void show(String text) {
    System.out.println(text);
  }

  private FileSnippets() {}
}
