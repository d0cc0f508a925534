package dev.desist.examples.searchdesk;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;

/** A real headless Chromium, the system's own: nothing is downloaded. */
final class Browser {
  private static final Logger LOG = Logger.getLogger("org.openqa.selenium");

  private Browser() {}

  /** Starts one, with a profile of its own. */
  static ChromeDriver start() throws IOException {
    // It looks for support of this very version of Chromium, which is not needed here.
    LOG.setLevel(Level.SEVERE);
    // Not a test's own folder: Chromium may still write while it ends.
    Path profile = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "chromium");
    var options = new ChromeOptions();
    options.setBinary(
        program("CHROMIUM", List.of("chromium", "chromium-browser", "google-chrome")).toFile());
    options.addArguments(
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1400,1000",
        "--user-data-dir=" + profile);
    File driver = program("CHROMEDRIVER", List.of("chromedriver")).toFile();
    return new ChromeDriver(
        new ChromeDriverService.Builder().usingDriverExecutable(driver).usingAnyFreePort().build(),
        options);
  }

  private static Path program(String variable, List<String> names) {
    Optional<String> named = Optional.ofNullable(System.getenv(variable));
    if (named.isPresent()) {
      return Path.of(named.get());
    }
    return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
        .flatMap(folder -> names.stream().map(name -> Path.of(folder, name)))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(
            () ->
                new AssertionError(
                    "The browser tests need one of %s on the PATH, or its path in %s. ./test installs it; by hand: apt-get install chromium chromium-driver"
                        .formatted(names, variable)));
  }
}
