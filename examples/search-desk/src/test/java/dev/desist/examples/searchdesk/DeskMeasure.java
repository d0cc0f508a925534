package dev.desist.examples.searchdesk;

import static dev.desist.examples.searchdesk.Eventually.eventually;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.openqa.selenium.By;
import org.openqa.selenium.chrome.ChromeDriver;

/**
 * Measures what cancellation is worth to somebody who types: in a real browser, key by key, on the
 * sources of the JDK, with cancellation on and off.
 *
 * <p>Times are taken in the page, from the last key to the first painted hit and to the complete
 * result. Database seconds are read from the desk's own counters once nothing runs any more.
 */
final class DeskMeasure {
  private static final String QUERY = "completablefuture";
  private static final int MILLIS_PER_KEY = 100;
  private static final int ROUNDS = 5;

  /** Types as a person does, and answers with the two times. */
  private static final String TYPE =
      """
      const [text, pace, done] = arguments;
      const query = document.getElementById('query');
      const results = document.getElementById('results');
      query.value = '';
      query.dispatchEvent(new Event('input'));
      let last = 0;
      let first = 0;
      const watcher = new MutationObserver(() => {
        if (results.dataset.query !== text) return;
        if (first === 0 && results.querySelector('.hit')) first = performance.now();
        if (results.dataset.end) {
          watcher.disconnect();
          done([first - last, performance.now() - last]);
        }
      });
      watcher.observe(results, {childList: true, subtree: true, attributes: true});
      [...text].forEach((key, i) => setTimeout(() => {
        query.value += key;
        if (query.value === text) last = performance.now();
        query.dispatchEvent(new Event('input'));
      }, i * pace));
      """;

  private DeskMeasure() {}

  /**
   * Measures and prints.
   *
   * @param args none
   */
  public static void main(String[] args) throws Exception {
    var arguments = List.of("--port", "0", "--cache", Sources.CACHE.toString());
    try (var desk = new DeskProcess(arguments.toArray(String[]::new));
        var counters = new LivePage(desk.ready())) {
      System.out.println(desk.output().getLast());
      ChromeDriver browser = Browser.start();
      try {
        browser.manage().timeouts().scriptTimeout(Eventually.BOUND.multipliedBy(4));
        browser.get(desk.address().toString());
        eventually(
            "the page is ready",
            () -> !browser.findElements(By.cssSelector("body.ready[data-session]")).isEmpty());
        measure(browser, counters, "warm-up", 2);
        measure(browser, counters, "cancellation on", ROUNDS);
        browser.findElement(By.className("switch")).click();
        measure(browser, counters, "cancellation off", ROUNDS);
      } finally {
        browser.quit();
      }
    }
  }

  private static void measure(ChromeDriver browser, LivePage counters, String title, int rounds) {
    var toFirst = new ArrayList<Double>();
    var toComplete = new ArrayList<Double>();
    var seconds = new ArrayList<Double>();
    for (int i = 0; i < rounds; i++) {
      double before = secondsSpent(counters);
      List<?> times =
          (List<?>)
              Optional.ofNullable(browser.executeAsyncScript(TYPE, QUERY, MILLIS_PER_KEY))
                  .orElseThrow();
      toFirst.add(((Number) times.get(0)).doubleValue());
      toComplete.add(((Number) times.get(1)).doubleValue());
      seconds.add(secondsSpent(counters) - before);
    }
    System.out.printf(
        "%-17s last key to first hit %6.0f ms, to complete result %6.0f ms, database %6.2f s"
            + " (medians of %d)%n",
        title, median(toFirst), median(toComplete), median(seconds), rounds);
  }

  /** Waits until all requests have ended and the feed has said so, then reads the counter. */
  private static double secondsSpent(LivePage counters) {
    eventually("nothing runs or waits", () -> counters.isIdle());
    return counters.last("desk").orElseThrow().getJsonObject("counters").getDouble("secondsSpent");
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }
}
