package dev.desist.jdbc.redeploy;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.CancellationToken;
import dev.desist.jdbc.JdbcCancellation;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An application that goes must not stay behind with a connection that its container keeps. */
@Timeout(120)
class JdbcRedeployTest {
  @Test
  void promise14_an_application_whose_statements_were_cancelled_is_collected() throws Exception {
    Callable<Connection> database = () -> DriverManager.getConnection("jdbc:h2:mem:redeploy");
    try (ExecutorService container = Executors.newFixedThreadPool(1);
        var kept = database.call()) {
      WeakReference<ClassLoader> loader = deploy(container, database);
      // The library's own threads end after ten idle seconds.
      await()
          .atMost(Duration.ofSeconds(60))
          .until(
              () -> {
                System.gc();
                return loader.refersTo(null);
              });
      assertTrue(kept.isValid(1));
    }
  }

  /** With everything that could refer to the loader in this one frame. */
  private static WeakReference<ClassLoader> deploy(
      ExecutorService container, Callable<Connection> database) throws Exception {
    var loader =
        new URLClassLoader(
            new URL[] {
              placeOf(CancellationToken.class),
              placeOf(JdbcCancellation.class),
              placeOf(JdbcRedeployTest.class)
            },
            ClassLoader.getPlatformClassLoader());
    Class<?> entry = loader.loadClass(Application.class.getName());
    assertNotSame(Application.class, entry);
    assertNotSame(JdbcCancellation.class, loader.loadClass(JdbcCancellation.class.getName()));
    @SuppressWarnings("unchecked")
    var deployed = (Function<Callable<Connection>, String>) entry.getConstructor().newInstance();
    String read =
        container
            .submit(
                () -> {
                  Thread.currentThread().setContextClassLoader(loader); // as containers do
                  try {
                    return deployed.apply(database);
                  } finally {
                    Thread.currentThread().setContextClassLoader(null);
                  }
                })
            .get();
    assertEquals("read", read);
    loader.close();
    return new WeakReference<>(loader);
  }

  private static URL placeOf(Class<?> type) {
    return type.getProtectionDomain().getCodeSource().getLocation();
  }
}
