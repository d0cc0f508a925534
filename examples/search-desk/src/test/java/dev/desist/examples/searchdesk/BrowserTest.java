package dev.desist.examples.searchdesk;

import static dev.desist.examples.searchdesk.Eventually.eventually;
import static dev.desist.examples.searchdesk.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.WindowType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.interactions.Actions;

/** The desk in the hands of somebody who types: a real process, a real browser. */
@TestInstance(Lifecycle.PER_CLASS)
class BrowserTest {
  private static final String QUERY = "completablefuture";

  /** Notes whatever is painted, with what was typed at that moment. */
  private static final String RECORD_PAINTING =
      """
      window.painted = [];
      new MutationObserver(changes => {
        for (const change of changes) for (const node of change.addedNodes) {
          const hits = node.matches?.('.hit') ? [node] : [...node.querySelectorAll?.('.hit') ?? []];
          for (const hit of hits) window.painted.push({of: hit.dataset.query, typed: document.getElementById('query').value});
        }
      }).observe(document.getElementById('results'), {childList: true, subtree: true});
      """;

  private Optional<DeskProcess> started = Optional.empty();
  private Optional<ChromeDriver> driven = Optional.empty();

  @BeforeAll
  void startBrowser() throws Exception {
    driven = Optional.of(Browser.start());
  }

  @AfterAll
  void quitBrowser() {
    driven.ifPresent(ChromeDriver::quit);
  }

  @AfterEach
  void killDesk() {
    started.ifPresent(DeskProcess::close);
  }

  /** Each test has a desk of its own, with counters at zero. */
  private void startDesk(Path cache) throws Exception {
    started =
        Optional.of(
            new DeskProcess(
                "--port", "0", "--source", Sources.big().toString(), "--cache", cache.toString()));
  }

  @BeforeEach
  void open() throws Exception {
    startDesk(Sources.CACHE);
    desk().ready();
    visit();
    awaitReady();
  }

  private DeskProcess desk() {
    return started.orElseThrow();
  }

  private ChromeDriver browser() {
    return driven.orElseThrow();
  }

  private void visit() {
    browser().get(desk().address().toString());
    eventually(
        "the page is connected",
        () -> !browser().findElements(By.cssSelector("body[data-session]")).isEmpty());
  }

  private void awaitReady() {
    eventually(
        "the page is ready",
        () -> !browser().findElements(By.cssSelector("body.ready[data-session]")).isEmpty());
  }

  private WebElement input() {
    return browser().findElement(By.id("query"));
  }

  private String text(String id) {
    return browser().findElement(By.id(id)).getText();
  }

  /** Types key by key, one every 60 ms. */
  private void type(String text) {
    var keys = new Actions(browser()).click(input());
    text.chars().forEach(c -> keys.sendKeys(Character.toString(c)).pause(Duration.ofMillis(60)));
    keys.perform();
  }

  private void awaitComplete() {
    eventually(
        "the result is complete",
        () ->
            !browser()
                .findElements(
                    By.cssSelector("#results[data-query='" + QUERY + "'][data-end=complete]"))
                .isEmpty());
  }

  @SuppressWarnings("unchecked")
  private List<Map<String, String>> painted() {
    return (List<Map<String, String>>)
        Optional.ofNullable(browser().executeScript("return window.painted")).orElseThrow();
  }

  @Test
  void typingEndsWithOneStatementCompleteAndTheOthersCancelled() {
    type(QUERY);
    awaitComplete();
    eventually("the counters have arrived", () -> text("count-complete").equals("1"));
    assertEquals(String.valueOf(QUERY.length() - 1), text("count-cancelled"));
    assertTrue(text("status").matches("[\\d,]+ lines.* in .*"), text("status"));
    assertEquals(
        "completablefuture",
        browser()
            .findElement(By.cssSelector(".hit mark"))
            .getText()
            .toLowerCase(java.util.Locale.ROOT));
    assertTrue(browser().findElement(By.id("tree")).getText().contains("superseded"));
  }

  @Test
  void noStaleResultIsEverPainted() {
    browser().executeScript(RECORD_PAINTING);
    type(QUERY);
    awaitComplete();
    assertNothingStale();
  }

  /** Then late answers do exist, and arrive in any order. */
  @Test
  void withCancellationOffNoStaleResultIsPaintedEither() {
    browser().findElement(By.className("switch")).click();
    assertEquals("off", text("cancellation-state"));
    browser().executeScript(RECORD_PAINTING);
    type(QUERY);
    awaitComplete();
    eventually(
        "all have run to their end",
        () -> text("count-complete").equals(String.valueOf(QUERY.length())));
    assertEquals("0", text("count-cancelled"));
    assertNothingStale();
  }

  private void assertNothingStale() {
    List<Map<String, String>> painted = painted();
    painted.forEach(hit -> assertEquals(hit.get("typed"), hit.get("of")));
    assertTrue(painted.stream().anyMatch(hit -> QUERY.equals(hit.get("of"))));
  }

  @Test
  void closingThePageCancelsItsWorkWithinASecond() throws Exception {
    String first = browser().getWindowHandle();
    browser().switchTo().newWindow(WindowType.TAB);
    try (var observer = new LivePage(desk().address())) {
      visit();
      awaitReady();
      WebElement body = browser().findElement(By.tagName("body"));
      String session =
          "session " + Optional.ofNullable(body.getDomAttribute("data-session")).orElseThrow();
      // With cancellation off there is work for seconds in hand.
      browser().findElement(By.className("switch")).click();
      type(QUERY);
      assertTrue(observer.counter("running") > 0, "work in hand");
      browser().close();
      within(
          aSecondOnAnIdleMachine(),
          "its work has stopped",
          () ->
              observer
                      .node(session)
                      .filter(node -> "cancelled".equals(node.getString("state")))
                      .isPresent()
                  && observer.counter("running") == 0);
      JsonObject node = observer.node(session).orElseThrow();
      assertEquals("disconnected", node.getString("reason"));
      assertTrue(node.getDouble("stopMillis") < 1_000, node::encode);
    } finally {
      browser().switchTo().window(first);
    }
  }

  /** Closing is the browser's work as well, which has to share a machine that others keep busy. */
  private static Duration aSecondOnAnIdleMachine() {
    var machine = ManagementFactory.getOperatingSystemMXBean();
    double perCore = machine.getSystemLoadAverage() / machine.getAvailableProcessors();
    return Duration.ofMillis((long) (1_000 * Math.max(1, perCore)));
  }

  @Test
  void terminateShowsTheGoodbye() throws Exception {
    type(QUERY);
    desk().terminate();
    eventually("the goodbye is shown", () -> browser().findElement(By.id("goodbye")).isDisplayed());
    assertTrue(text("goodbye-message").startsWith("The search desk was stopped."));
    assertEquals(0, desk().exitCode());
  }

  @Test
  void readingIsShownAndCanBeCancelledAndContinued(@TempDir Path emptyCache) throws Exception {
    desk().close();
    startDesk(emptyCache);
    visit();
    browser().findElement(By.id("reading-cancel")).click();
    eventually("it has stopped", () -> text("reading-title").equals("Reading was stopped"));
    assertEquals(
        "Stopped because somebody pressed Cancel in the page. What is read is kept.",
        text("reading-message"));
    String before = text("reading-files");
    browser().findElement(By.id("reading-continue")).click();
    eventually("it goes on", () -> !text("reading-files").equals(before));
  }

  @Test
  void theKeyboardWalksTheResultsAndOpensAFile() {
    type(QUERY);
    awaitComplete();
    input().sendKeys(Keys.ARROW_DOWN);
    browser().switchTo().activeElement().sendKeys(Keys.ARROW_DOWN);
    WebElement hit = browser().switchTo().activeElement();
    String line = hit.findElement(By.className("number")).getText();
    String text = hit.findElement(By.tagName("code")).getText();
    hit.sendKeys(Keys.ENTER);
    eventually(
        "the file is shown",
        () -> !browser().findElements(By.cssSelector("#viewer .here")).isEmpty());
    WebElement here = browser().findElement(By.cssSelector("#viewer .here"));
    assertEquals(line, here.findElement(By.className("number")).getText());
    assertTrue(here.getText().contains(text));
    browser().switchTo().activeElement().sendKeys(Keys.ESCAPE);
    assertFalse(browser().findElement(By.id("viewer")).isDisplayed());
    assertEquals(hit, browser().switchTo().activeElement());
  }

  @Test
  void oddInputIsAnsweredInWords() {
    type("   ");
    assertEquals("Type something to look for: spaces alone match every line.", text("status"));
    browser()
        .executeScript(
            "const query = document.getElementById('query'); query.value = 'x'.repeat(5000);"
                + " query.dispatchEvent(new Event('input'))");
    assertEquals("A query has at most 200 characters, this one has 5,000.", text("status"));
    input().clear();
    type("<b>%_'\"");
    eventually(
        "it is searched for as it is", () -> text("status").equals("No line contains “<b>%_'\"”."));
  }

  @Test
  void aDeadlineIsNamedInTheAnswer() {
    WebElement slider = browser().findElement(By.id("deadline"));
    slider.sendKeys(Keys.HOME);
    assertEquals("50 ms", text("deadline-state"));
    type("co");
    eventually(
        "the deadline is named",
        () ->
            text("status")
                .matches(
                    "Stopped after .*, because the 50 ms deadline of \"request \\d+\" passed; .*"));
  }

  /** In one line of very many files. */
  private static final String MANY_FILES = "package java.";

  /** Notes whatever the panel says; and presses Cancel as soon as there is something to see. */
  private static final String WATCH_THE_DOWNLOAD =
      """
      const cancel = arguments[0];
      window.said = [];
      new MutationObserver(() => {
        const figures = document.getElementById('job-figures').textContent;
        window.said.push(figures);
        if (cancel && figures.includes(' of ')) document.getElementById('job-cancel').click();
      }).observe(document.getElementById('job-figures'), {childList: true, characterData: true, subtree: true});
      """;

  /** Searches, and presses the button with the keyboard; returns how many files it offered. */
  private int startDownload(boolean cancel) {
    type(MANY_FILES);
    WebElement button = browser().findElement(By.id("download"));
    eventually("the button is there", button::isDisplayed);
    String offer = button.getText();
    assertTrue(offer.matches("Download these \\d+ files as ZIP"), offer);
    browser().executeScript(WATCH_THE_DOWNLOAD, cancel);
    button.sendKeys(Keys.ENTER);
    return Integer.parseInt(offer.replaceAll("\\D", ""));
  }

  private static List<String> filesOfDownloads() throws IOException {
    try (Stream<Path> found = Files.walk(Sources.CACHE.resolve("downloads"))) {
      return found.map(Path::toString).filter(file -> file.contains(".zip")).toList();
    }
  }

  @Test
  void theFilesShownAreDownloadedAsZip(@TempDir Path folder) throws Exception {
    browser()
        .executeCdpCommand(
            "Browser.setDownloadBehavior",
            Map.of("behavior", "allow", "downloadPath", folder.toString()));
    int files = startDownload(false);
    Path zip = folder.resolve("search-desk-package-java.zip");
    eventually("the browser has the file", () -> Files.exists(zip));
    try (var content = new ZipFile(zip.toFile())) {
      assertEquals(files, content.size());
    }
    assertTrue(
        text("job-message").matches("Ready: " + files + " files, [\\d.]+ [kM]B, handed .*"),
        text("job-message"));
    List<?> said = (List<?>) Optional.ofNullable(browser().executeScript("return said")).get();
    assertTrue(said.contains("0 of " + files + " files, 0 bytes"), said::toString);
    eventually("nothing is left of it here", () -> filesOfDownloads().isEmpty());
    browser().findElement(By.id("job-close")).sendKeys(Keys.ENTER);
    assertFalse(browser().findElement(By.id("job")).isDisplayed());
  }

  @Test
  void cancelStopsTheDownloadAndLeavesNothing() throws Exception {
    startDownload(true);
    eventually("it has stopped", () -> !text("job-message").isEmpty());
    assertEquals(
        "Stopped because somebody pressed Cancel in the page; nothing is left of it.",
        text("job-message"));
    assertEquals(List.of(), filesOfDownloads());
    eventually(
        "the tree says so",
        () -> text("tree").lines().anyMatch(line -> line.contains("requested")));
    // What was found is still shown, and can be downloaded after all.
    assertTrue(browser().findElement(By.id("download")).isDisplayed());
  }
}
