/** Manual time and hygiene checks for tests of code that can be cancelled. */
module dev.desist.testkit {
  requires static org.jspecify;
  requires static transitive org.junit.jupiter.api;
  requires transitive dev.desist;

  exports dev.desist.testkit;
}
