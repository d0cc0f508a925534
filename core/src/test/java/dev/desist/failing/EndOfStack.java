package dev.desist.failing;

import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Runs an operation at the end of the stack: at every depth, from where there is no room at all to
 * where there is enough.
 *
 * <p>Between two depths at which the stack ended at the same place of the operation, it ends there
 * as well: whoever has more room comes further. So only depths between which something changes are
 * walked one by one, and one depth in each other stretch, drawn at random. With {@code
 * -Ddesist.stress=2} or more all of them are.
 */
final class EndOfStack implements Walk {
  /** More than twice what any operation needs. */
  private static final int SIZE = 256 * 1024;

  /** The least that two depths differ by, about, in bytes: compiled frames are small. */
  private static final int PACE = 64;

  /** So often in a row it must have had room. */
  private static final int ENOUGH = 10;

  private static final int MOST = SIZE / PACE;

  private static final boolean EVERY = Integer.getInteger("desist.stress", 1) > 1;

  private static int left;

  private final Random random;

  EndOfStack(Random random) {
    this.random = random;
  }

  @Override
  public void over(String name, Step step) throws Exception {
    var failure = new Throwable[1];
    var thread =
        new Thread(
            null,
            () -> {
              try {
                System.out.println(name + ": " + new Way(step).walk());
              } catch (Throwable e) {
                failure[0] = e;
              }
            },
            "walker",
            SIZE);
    thread.start();
    thread.join();
    if (failure[0] != null) {
      throw new AssertionError(name, failure[0]);
    }
  }

  /** The way of one operation. Places are what it is up to; a depth is how far from the end. */
  private final class Way {
    private static final String NOWHERE = "nowhere";

    private final Step step;
    private int attempts;
    private int overflows;

    Way(Step step) {
      this.step = step;
    }

    String walk() throws Exception {
      for (int i = 0; i < 50; i++) { // loads the classes, and has them compiled
        attempt(MOST);
      }
      attempts = 0;
      overflows = 0;
      int end = EVERY ? walkEvery() : walkChanges();
      if (overflows == 0) {
        throw new AssertionError("no overflow in " + attempts + " attempts");
      }
      return overflows + " overflows in " + attempts + " attempts at " + end + " depths";
    }

    private int walkEvery() throws Exception {
      int inARow = 0;
      int above = 0;
      for (; inARow < 4 * ENOUGH; above++) {
        if (above == MOST) {
          throw new AssertionError("no end after " + overflows + " overflows");
        }
        inARow = attempt(above).equals(NOWHERE) ? inARow + 1 : 0;
      }
      return above;
    }

    private int walkChanges() throws Exception {
      int far = 64;
      for (int inARow = 0; inARow < ENOUGH; ) {
        if (attempt(far + inARow).equals(NOWHERE)) {
          inARow++;
        } else if (far < MOST) {
          far *= 2;
          inARow = 0;
        } else {
          throw new AssertionError("no end after " + overflows + " overflows");
        }
      }
      between(0, attempt(0), far, NOWHERE);
      return far;
    }

    private void between(int near, String there, int far, String yonder) throws Exception {
      if (far - near <= 1) {
        return;
      }
      boolean same = there.equals(yonder);
      int middle = same ? near + 1 + random.nextInt(far - near - 1) : (near + far) / 2;
      String place = attempt(middle);
      if (!same || !place.equals(there)) {
        between(near, there, middle, place);
        between(middle, place, far, yonder);
      }
    }

    /** Returns where the stack ended. */
    private String attempt(int above) throws Exception {
      int depth = depth();
      int pace = Math.max(1, depth / MOST);
      String place = NOWHERE;
      step.prepare();
      try {
        descend(Math.max(0, depth - above * pace), step);
      } catch (StackOverflowError e) {
        overflows++;
        place = place(e);
      }
      attempts++;
      step.check(place.equals(NOWHERE));
      return place;
    }
  }

  private static String place(StackOverflowError e) {
    var place = new StringBuilder();
    for (StackTraceElement each : e.getStackTrace()) {
      if (each.getMethodName().equals("descend") || place.length() > 400) {
        break;
      }
      place.append(each).append('\n');
    }
    return place.toString();
  }

  private static int depth() throws Exception {
    try {
      descend(Integer.MAX_VALUE, null);
      throw new AssertionError("there is no end");
    } catch (StackOverflowError e) {
      return Integer.MAX_VALUE - left;
    }
  }

  private static void descend(int more, @Nullable Step step) throws Exception {
    left = more;
    if (more == 0 && step != null) {
      step.run();
    } else {
      descend(more - 1, step);
    }
  }
}
