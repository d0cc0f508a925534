package dev.desist;

/**
 * What costs too much to be always on, and helps to find who did what. Each switch starts as the
 * system property of its name says, and can be turned while the program runs.
 */
public final class Diagnostics {
  private static volatile boolean callSites = Boolean.getBoolean("desist.callSites");
  private static volatile boolean forgotten = Boolean.getBoolean("desist.forgotten");

  private Diagnostics() {}

  /**
   * Switches on or off that a cancellation notes the line of code that made it, in {@link
   * Origin#callSite()}. Costs a few microseconds for each cancellation. Initially the system
   * property {@code desist.callSites}.
   *
   * @param on whether to
   */
  public static void recordCallSites(boolean on) {
    callSites = on;
  }

  static boolean recordsCallSites() {
    return callSites;
  }

  /**
   * Switches on or off that children which were forgotten, neither cancelled nor closed before they
   * became unreachable, are reported with the stack trace of their creation: as a warning of the
   * {@link System.Logger} named {@code dev.desist}. They are collected either way. Costs a stack
   * trace for each child made while on. Initially the system property {@code desist.forgotten}.
   *
   * @param on whether to
   */
  public static void reportForgotten(boolean on) {
    forgotten = on;
  }

  static boolean reportsForgotten() {
    return forgotten;
  }
}
