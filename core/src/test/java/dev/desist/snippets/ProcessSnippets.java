package dev.desist.snippets;

import dev.desist.CancellationToken;
import dev.desist.io.CancellableProcess;
import dev.desist.io.ProcessEnding;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

final class ProcessSnippets {
  // @start region="run"
  static String render(CancellationToken token, Path source)
      throws IOException, InterruptedException {
    var command = new ProcessBuilder("make", "-j4", "-C", source.toString(), "pdf");
    var result = CancellableProcess.run(token, command); // cancelled, make and its jobs are gone
    if (result.exitCode() != 0) {
      throw new IOException(result.errors());
    }
    return result.output();
  }

  // @end

  // @start region="talk"
  static String firstAnswer(CancellationToken token, ProcessBuilder calculator, String question)
      throws IOException {
    var patient = ProcessEnding.defaults().withGrace(Duration.ofSeconds(30));
    try (var process = CancellableProcess.start(calculator, patient)) {
      process.input().write((question + '\n').getBytes(StandardCharsets.UTF_8));
      process.input().flush();
      return String.valueOf(process.output().lines(StandardCharsets.UTF_8).readLine(token));
    } // cancelled or not: ended here, with all it has started
  }

  // @end

  private ProcessSnippets() {}
}
