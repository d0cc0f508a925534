package dev.desist.redeploy;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationToken;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An application that goes must not leave its class loader behind, whatever it has used. */
@Timeout(900)
class RedeployTest {
  /** The library's own threads end after ten idle seconds. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @Test
  void promise14_an_application_that_used_every_wing_is_collected() throws Exception {
    try (ExecutorService platform = Executors.newFixedThreadPool(1);
        ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
      var all = List.of(platform, virtual);
      var wings = new ArrayList<String>();
      if (!isCollected(deploy(all, "all", wings))) {
        assertTrue(wings.size() > 15, wings.toString());
        assertEquals(List.of(), holders(all, wings), "wings whose loader stays");
      }
    }
  }

  /** Which of them keep it when they are used alone; none, if it is several together. */
  private static List<String> holders(List<ExecutorService> container, List<String> wings)
      throws Exception {
    var loaders = new ArrayList<WeakReference<ClassLoader>>();
    for (String wing : wings) {
      loaders.add(deploy(container, wing, new ArrayList<>()));
    }
    var holders = new ArrayList<String>();
    for (int i = 0; i < wings.size(); i++) {
      if (!isCollected(loaders.get(i))) {
        holders.add(wings.get(i) + ", " + threadsOf(loaders.get(i).get()));
      }
    }
    return holders.isEmpty() ? List.of("several together") : holders;
  }

  private static boolean isCollected(WeakReference<ClassLoader> loader) {
    try {
      await()
          .atMost(PATIENCE)
          .until(
              () -> {
                System.gc();
                return loader.refersTo(null);
              });
      return true;
    } catch (ConditionTimeoutException e) {
      return false;
    }
  }

  /** The threads by which a loader may be held, as far as they can be seen. */
  private static List<String> threadsOf(ClassLoader loader) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(
            thread ->
                thread.getContextClassLoader() == loader
                    || thread.getClass().getClassLoader() == loader
                    || thread.getName().startsWith("desist"))
        .map(Thread::toString)
        .toList();
  }

  /** With everything that could refer to the loader in this one frame. */
  private static WeakReference<ClassLoader> deploy(
      List<ExecutorService> container, String wing, List<String> used) throws Exception {
    URL library = CancellationToken.class.getProtectionDomain().getCodeSource().getLocation();
    URL application = RedeployTest.class.getResource("/dev/desist/redeploy/");
    String folder = application.toString().replaceFirst("dev/desist/redeploy/$", "");
    var loader =
        new URLClassLoader(
            new URL[] {library, java.net.URI.create(folder).toURL()},
            ClassLoader.getPlatformClassLoader());
    Class<?> entry = loader.loadClass(Application.class.getName());
    assertNotSame(Application.class, entry);
    assertNotSame(CancellationToken.class, loader.loadClass(CancellationToken.class.getName()));
    @SuppressWarnings("unchecked")
    var deployed = (Function<String, Callable<List<String>>>) entry.getConstructor().newInstance();
    for (ExecutorService threads : container) {
      List<String> names =
          threads
              .submit(
                  () -> {
                    Thread.currentThread().setContextClassLoader(loader); // as containers do
                    try {
                      return deployed.apply(wing).call();
                    } finally {
                      Thread.currentThread().setContextClassLoader(null);
                    }
                  })
              .get();
      used.clear();
      names.forEach(name -> used.add(String.valueOf(name.toCharArray())));
    }
    loader.close();
    return new WeakReference<>(loader);
  }
}
