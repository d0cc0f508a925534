package dev.desist.internal;

/**
 * Makes sure that the stack has room before a step that must not be cut in two: a {@link
 * StackOverflowError} then comes before the step, where nothing has happened yet, and not amid it.
 *
 * <p>It takes frames with 128 local variables of two slots each, which nobody uses. The interpreter
 * makes such a frame. Code that HotSpot's compilers made does not, but it checks at entry for the
 * room that it would need to go on in the interpreter at any of its safepoints, and the frame here
 * is part of that, inlined or not. So a call costs a few nanoseconds when compiled, a microsecond
 * when not, and what it makes sure of does not depend on how either is done.
 *
 * <p>Not covered is the very first use of a class, which is the machine's: an overflow there leaves
 * the class unusable, as it does any.
 */
public final class Stack {
  /** Each is 2 kB, the slots having eight bytes. */
  private static final int FRAMES = 8;

  /** Never true; volatile, so that no compiler knows. */
  private static volatile boolean never;

  private Stack() {}

  /**
   * Returns if the calling method can go on for 16 kB of stack: some hundred frames in the
   * interpreter, more than any of our own steps takes.
   *
   * @throws StackOverflowError if it cannot
   */
  public static void reserve() {
    frame(FRAMES);
  }

  /**
   * As {@link #reserve}, but half of it: for closing and undoing. So whoever had the room to begin
   * at some depth has the room to end it there.
   *
   * @throws StackOverflowError if it cannot
   */
  public static void reserveToEnd() {
    frame(FRAMES / 2);
  }

  @SuppressWarnings({"unused", "UnusedVariable", "MultiVariableDeclaration"}) // their number counts
  private static void frame(int left) {
    long a000,
        a001,
        a002,
        a003,
        a004,
        a005,
        a006,
        a007,
        a008,
        a009,
        a010,
        a011,
        a012,
        a013,
        a014,
        a015,
        a016,
        a017,
        a018,
        a019,
        a020,
        a021,
        a022,
        a023,
        a024,
        a025,
        a026,
        a027,
        a028,
        a029,
        a030,
        a031,
        a032,
        a033,
        a034,
        a035,
        a036,
        a037,
        a038,
        a039,
        a040,
        a041,
        a042,
        a043,
        a044,
        a045,
        a046,
        a047,
        a048,
        a049,
        a050,
        a051,
        a052,
        a053,
        a054,
        a055,
        a056,
        a057,
        a058,
        a059,
        a060,
        a061,
        a062,
        a063,
        a064,
        a065,
        a066,
        a067,
        a068,
        a069,
        a070,
        a071,
        a072,
        a073,
        a074,
        a075,
        a076,
        a077,
        a078,
        a079,
        a080,
        a081,
        a082,
        a083,
        a084,
        a085,
        a086,
        a087,
        a088,
        a089,
        a090,
        a091,
        a092,
        a093,
        a094,
        a095,
        a096,
        a097,
        a098,
        a099,
        a100,
        a101,
        a102,
        a103,
        a104,
        a105,
        a106,
        a107,
        a108,
        a109,
        a110,
        a111,
        a112,
        a113,
        a114,
        a115,
        a116,
        a117,
        a118,
        a119,
        a120,
        a121,
        a122,
        a123,
        a124,
        a125,
        a126,
        a127;
    if (never) {
      throw new IllegalStateException("never"); // a place to go on from in the interpreter
    }
    if (left > 1) {
      frame(left - 1);
    }
  }
}
