package dev.desist.examples.searchdesk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationSource;
import dev.desist.CancellationToken;
import dev.desist.CancelledException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(Lifecycle.PER_CLASS)
class IndexTest {
  private static final List<String> ODD =
      List.of(
          "100% of it",
          "snake_case_name",
          "back\\slash",
          "it's \"quoted\" -- ; DROP TABLE lines",
          "tab\there",
          "Grüße, 你好, 🙂",
          "bell \u0007 in a line",
          "[a-z]* ? {}",
          "   ");

  private Optional<Index> opened = Optional.empty();

  @BeforeAll
  void index(@TempDir Path folder) throws Exception {
    Path zip = folder.resolve("odd.zip");
    String many = String.join("\n", IntStream.range(0, 2_000).mapToObj(i -> "item " + i).toList());
    Sources.write(
        zip,
        Map.of(
            "odd.txt", String.join("\n", ODD).getBytes(StandardCharsets.UTF_8),
            "many.txt", many.getBytes(StandardCharsets.UTF_8),
            "empty.txt", new byte[0]));
    opened = Optional.of(new Index(Sources.indexed(zip, folder)));
  }

  @AfterAll
  void close() throws Exception {
    ready().close();
  }

  private Index ready() {
    return opened.orElseThrow();
  }

  private List<Hit> hits(String query) throws Exception {
    var hits = new ArrayList<Hit>();
    long count =
        ready()
            .search(
                CancellationToken.none(), Query.of(query), (hit, _, _) -> hit.ifPresent(hits::add));
    assertEquals(Math.min(count, Index.SHOWN), hits.size());
    return hits;
  }

  /** Whatever a line contains, typing it finds that line and no other, and marks it. */
  @Test
  void everyOddLineFindsItself() throws Exception {
    for (int i = 0; i < ODD.size(); i++) {
      String line = ODD.get(i);
      if (line.isBlank() || line.contains("\u0007")) {
        continue;
      }
      List<Hit> hits = hits(line);
      assertEquals(1, hits.size(), line);
      assertEquals(i + 1, hits.getFirst().line(), line);
      assertEquals(1, hits.getFirst().matches().size(), line);
    }
  }

  @Test
  void wildcardsOfSqlAreOrdinary() throws Exception {
    assertEquals(List.of(1L), hits("%").stream().map(Hit::line).toList());
    assertEquals(List.of(2L), hits("_").stream().map(Hit::line).toList());
    assertEquals(List.of(), hits("s%e"));
  }

  @Test
  void theCaseOfLettersDoesNotMatter() throws Exception {
    assertEquals(1, hits("SNAKE_case").size());
  }

  @Test
  void allAreCountedAndSomeShownInOrder() throws Exception {
    var seen = new ArrayList<Long>();
    long count =
        ready()
            .search(
                CancellationToken.none(),
                Query.of("item"),
                (hit, _, _) -> hit.ifPresent(shown -> seen.add(shown.line())));
    assertEquals(2_000, count);
    assertEquals(IntStream.rangeClosed(1, Index.SHOWN).mapToObj(i -> (long) i).toList(), seen);
  }

  @Test
  void cancellingStopsTheStatementAndLeavesTheConnectionUsable() throws Exception {
    try (var source = CancellationSource.create("test")) {
      var thrown =
          assertThrows(
              CancelledException.class,
              () ->
                  ready()
                      .search(
                          source.token(),
                          Query.of("item"),
                          (_, _, _) -> {
                            source.cancel("seen enough");
                            // The driver is told by another thread: be slow enough for it.
                            LockSupport.parkNanos(1_000_000);
                          }));
      assertEquals("seen enough", thrown.reason().message());
    }
    assertEquals(1, hits("item 1999").size());
  }

  @Test
  void aFileIsShownAroundALine() throws Exception {
    Index.Excerpt excerpt = ready().view(CancellationToken.none(), "many.txt", 1_500).orElseThrow();
    assertEquals(1_100, excerpt.first());
    assertEquals(801, excerpt.lines().size());
    assertEquals("item 1499", excerpt.lines().get(400));
  }

  @Test
  void atTheEndsOfAFileThereIsLessAround() throws Exception {
    Index.Excerpt excerpt = ready().view(CancellationToken.none(), "odd.txt", 2).orElseThrow();
    assertEquals(1, excerpt.first());
    assertEquals(ODD, excerpt.lines());
  }

  @Test
  void whatIsNotThereIsNotShown() throws Exception {
    assertTrue(ready().view(CancellationToken.none(), "none.txt", 1).isEmpty());
    assertTrue(ready().view(CancellationToken.none(), "empty.txt", 1).isEmpty());
    assertTrue(ready().view(CancellationToken.none(), "odd.txt", 9_999).isEmpty());
  }
}
