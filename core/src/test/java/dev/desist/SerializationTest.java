package dev.desist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.testkit.ManualTime;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What is written and read back. Another process is a class loader with a copy of the library here:
 * it has nothing in common with this one.
 */
class SerializationTest {
  private final ManualTime time = new ManualTime();

  static byte[] write(Object object) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var out = new ObjectOutputStream(bytes)) {
      out.writeObject(object);
    }
    return bytes.toByteArray();
  }

  static Object read(byte[] bytes, ClassLoader loader) throws Exception {
    try (var in =
        new ObjectInputStream(new ByteArrayInputStream(bytes)) {
          @Override
          protected Class<?> resolveClass(ObjectStreamClass type)
              throws IOException, ClassNotFoundException {
            return type.getName().startsWith("dev.desist")
                ? Class.forName(type.getName(), false, loader)
                : super.resolveClass(type);
          }
        }) {
      return in.readObject();
    }
  }

  private static Object copy(Object object) throws Exception {
    return read(write(object), SerializationTest.class.getClassLoader());
  }

  private static URLClassLoader elsewhere() {
    URL classes = CancellationToken.class.getProtectionDomain().getCodeSource().getLocation();
    return new URLClassLoader(new URL[] {classes}, ClassLoader.getPlatformClassLoader());
  }

  @Test
  void a_deadline_that_was_read_back_is_the_same_point_on_the_same_clock() throws Exception {
    Deadline system = Deadline.after(Duration.ofHours(1));
    Deadline manual = time.call(() -> Deadline.after(Duration.ofHours(1)));
    Deadline passed = time.call(() -> Deadline.after(Duration.ZERO));
    for (Deadline deadline : List.of(system, manual, passed, Deadline.at(Instant.EPOCH))) {
      var read = (Deadline) copy(deadline);
      assertEquals(deadline, read);
      assertEquals(deadline.hashCode(), read.hashCode());
      assertSame(deadline.time(), read.time());
      assertEquals(deadline.nanoTime(), read.nanoTime());
      assertEquals(deadline.describeTimeout(), read.describeTimeout());
      assertEquals(deadline.isZero(), read.isZero());
      assertEquals(deadline, copy(read));
    }
    assertSame(Deadline.none(), copy(Deadline.none()));
  }

  @Test
  void also_after_time_has_gone_by() throws Exception {
    Deadline deadline = time.call(() -> Deadline.after(Duration.ofSeconds(10)));
    byte[] early = write(deadline);
    time.advance(Duration.ofSeconds(3));
    byte[] late = write(deadline);
    ClassLoader here = getClass().getClassLoader();
    assertEquals(deadline, read(early, here));
    assertEquals(deadline, read(late, here));
    assertEquals(Duration.ofSeconds(7), ((Deadline) read(early, here)).remaining());
  }

  @Test
  void other_points_and_other_clocks_stay_apart() throws Exception {
    Deadline deadline = time.call(() -> Deadline.after(Duration.ofSeconds(1)));
    Deadline later = time.call(() -> Deadline.after(Duration.ofSeconds(2)));
    Deadline other = new ManualTime().call(() -> Deadline.after(Duration.ofSeconds(1)));
    assertNotEquals(deadline, copy(later));
    assertNotEquals(deadline, copy(other));
    assertNotEquals(deadline, copy(Deadline.none()));
  }

  @Test
  void elsewhere_it_leaves_the_time_that_was_left_and_copies_are_equal() throws Exception {
    Deadline deadline = time.call(() -> Deadline.after(Duration.ofHours(10)));
    Deadline later = time.call(() -> Deadline.after(Duration.ofHours(11)));
    byte[] early = write(deadline);
    time.advance(Duration.ofHours(3));
    byte[] late = write(deadline);
    try (URLClassLoader elsewhere = elsewhere()) {
      Object first = read(early, elsewhere);
      Object second = read(late, elsewhere);
      assertFalse(first instanceof Deadline);
      assertEquals(first, second);
      assertEquals(first.hashCode(), second.hashCode());
      assertNotEquals(first, read(write(later), elsewhere));
      assertNotEquals(first, read(write(Deadline.none()), elsewhere));
      var left = (Duration) first.getClass().getMethod("remaining").invoke(first);
      assertTrue(left.compareTo(Duration.ofHours(10)) <= 0, left.toString());
      assertTrue(left.compareTo(Duration.ofHours(9)) > 0, left.toString()); // on the system's time
      left = (Duration) second.getClass().getMethod("remaining").invoke(second);
      assertTrue(left.compareTo(Duration.ofHours(7)) <= 0, left.toString());
      assertEquals(first, read(write(first), elsewhere)); // passed on
      assertEquals(deadline, read(write(first), getClass().getClassLoader())); // home again
    }
  }

  @Test
  void a_deadline_of_a_clock_that_is_gone_still_means_something() throws Exception {
    byte[] bytes = write(new ManualTime().call(() -> Deadline.after(Duration.ofHours(10))));
    // Whether the clock is collected by now or not, the time left is what it was.
    var read = (Deadline) read(bytes, getClass().getClassLoader());
    assertTrue(read.remaining().compareTo(Duration.ofHours(9)) > 0, read.toString());
  }

  @Test
  void reasons_are_equal_to_themselves_after_any_journey() throws Exception {
    Deadline deadline = time.call(() -> Deadline.after(Duration.ofMillis(5)));
    Diagnostics.recordCallSites(true);
    List<CancellationReason> reasons;
    try {
      reasons =
          List.of(
              CancellationReason.requested("m"),
              CancellationReason.closed("m"),
              CancellationReason.deadlineExceeded("owner", deadline),
              CancellationReason.deadlineExceeded(null, Deadline.none()),
              CancellationReason.siblingFailed("m"),
              CancellationReason.raceLost("m"),
              CancellationReason.superseded("m"),
              CancellationReason.shutdown("m"),
              CancellationReason.disconnected("m"),
              CancellationReason.interrupted("m"),
              CancellationReason.remote("peer", "m"));
    } finally {
      Diagnostics.recordCallSites(false);
    }
    var kinds = new ArrayList<Class<?>>();
    try (URLClassLoader elsewhere = elsewhere()) {
      for (CancellationReason reason : reasons) {
        kinds.add(reason.getClass());
        assertEquals(reason, copy(reason));
        assertEquals(reason.hashCode(), copy(reason).hashCode());
        assertEquals(reason.origin(), copy(reason.origin()));
        Object there = read(write(reason), elsewhere);
        assertEquals(there, read(write(reason), elsewhere));
        assertEquals(reason, read(write(there), getClass().getClassLoader()));
      }
    }
    assertTrue(kinds.containsAll(List.of(CancellationReason.class.getPermittedSubclasses())));
  }

  @Test
  void exceptions_say_the_same_after_any_journey() throws Exception {
    var parent = CancellationSource.create("parent");
    CancellationToken token = parent.token().child("child").token();
    parent.cancelAfter(Duration.ZERO);
    var exception = new CancelledException(token, new IOException("how it ended"));
    var read = (CancelledException) copy(exception);
    assertEquals(exception.getMessage(), read.getMessage());
    assertEquals(exception.reason(), read.reason());
    assertEquals(exception.path(), read.path());
    assertEquals("how it ended", assertNotNullCause(read).getMessage());
    var io = (CancelledIOException) copy(new CancelledIOException(token, 7));
    assertEquals(7, io.bytesTransferred);
    assertEquals(exception.reason(), io.reason());
    assertInstanceOf(CancelledException.class, CancelledException.unwrap(io));
  }

  private static Throwable assertNotNullCause(Throwable thrown) {
    Throwable cause = thrown.getCause();
    assertNotNull(cause);
    return cause;
  }
}
