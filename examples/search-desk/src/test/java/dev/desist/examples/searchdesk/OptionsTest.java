package dev.desist.examples.searchdesk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class OptionsTest {
  @Test
  void nothingGivenMeansTheJdkOnTheUsualPort() throws Exception {
    Options options = Options.parse(List.of());
    assertEquals(8377, options.port());
    assertEquals(Optional.empty(), options.source());
    assertTrue(options.cache().endsWith("desist-search-desk"));
  }

  @Test
  void everythingCanBeGiven() throws Exception {
    Options options =
        Options.parse(
            List.of("--port", "0", "--source", ".", "--cache", "target/x", "--grace", "20"));
    assertEquals(0, options.port());
    assertTrue(options.source().orElseThrow().isAbsolute());
    assertTrue(options.cache().endsWith("target/x"));
    assertEquals(Duration.ofMillis(20), options.grace());
  }

  @Test
  void aCheckTakesAnyPort() throws Exception {
    assertEquals(0, Options.parse(List.of("--headless-check")).port());
  }

  @Test
  void everyMistakeIsNamedWithItsValue() {
    assertRefused("--port must be a whole number from 0 to 65535: 65536", "--port", "65536");
    assertRefused("--port must be a whole number from 0 to 65535: http", "--port", "http");
    assertRefused("--port needs a value", "--port");
    assertRefused("unknown argument: --prot", "--prot");
    assertRefused(
        "--source must be a zip or a folder that can be read: /no/such", "--source", "/no/such");
  }

  private static void assertRefused(String message, String... arguments) {
    var refused =
        assertThrows(Options.UsageException.class, () -> Options.parse(List.of(arguments)));
    assertEquals(message, refused.getMessage());
  }
}
