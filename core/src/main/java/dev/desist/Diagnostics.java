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
   * Switches on or off that a cancellation notes the line of code that made it, and a deadline the
   * one that set it, in {@link Origin#callSite()}. Costs a few microseconds for each cancellation
   * and each deadline. Initially the system property {@code desist.callSites}.
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
   * Switches on or off that children and linked sources which were forgotten, neither cancelled nor
   * closed before they became unreachable, are reported with the stack trace of their creation: as
   * a warning of the {@link System.Logger} named {@code dev.desist}, on a daemon thread, soon after
   * the collector has found them. They are collected either way. What this library makes for itself
   * is not reported; nor is a source without parents, which costs nobody anything. Costs a stack
   * trace for each child made while on, for as long as it is live. Initially the system property
   * {@code desist.forgotten}.
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
