package dev.desist.net;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.desist.Cancellation;
import dev.desist.CancellationSource;
import dev.desist.CancelledIOException;
import dev.desist.support.Call;
import dev.desist.support.Call.Kind;
import dev.desist.testkit.Hygiene;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** TLS over a socket of ours: knows nothing of tokens, and survives a cancelled read. */
@ExtendWith(Hygiene.class)
@Timeout(60)
class TlsTest {
  private static final InetAddress HERE = InetAddress.getLoopbackAddress();
  private static final char[] PASSWORD = "changeit".toCharArray();

  private static SSLContext context;

  /** Makes a key that is good for today. */
  @BeforeAll
  static void makeKey(@TempDir Path folder) throws Exception {
    Path store = folder.resolve("keys");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "test",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-validity",
                "2",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                new String(PASSWORD))
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    assertTrue(keytool.waitFor(30, TimeUnit.SECONDS));
    assertEquals(0, keytool.exitValue(), () -> log(folder));
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD);
    }
    var mine = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    mine.init(keys, PASSWORD);
    var trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trusted.init(keys);
    context = SSLContext.getInstance("TLS");
    context.init(mine.getKeyManagers(), trusted.getTrustManagers(), null);
  }

  private static String log(Path folder) {
    try {
      return Files.readString(folder.resolve("log"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static SSLSocket layered(int port) throws IOException {
    Socket below = new CancellableSocketFactory().createSocket(HERE, port);
    return (SSLSocket) context.getSocketFactory().createSocket(below, "localhost", port, true);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void promise19_a_cancelled_read_leaves_the_session_whole(Kind kind) throws Exception {
    try (var listener =
            (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 1, HERE);
        SSLSocket mine = layered(listener.getLocalPort())) {
      Call<SSLSocket> accepting =
          Call.start(
              Kind.PLATFORM,
              () -> {
                var accepted = (SSLSocket) listener.accept();
                accepted.startHandshake();
                return accepted;
              });
      Call.start(kind, () -> handshake(mine)).get();
      try (SSLSocket other = accepting.get()) {
        for (int i = 0; i < 10; i++) {
          var source = CancellationSource.create("tab");
          Call<Integer> call =
              Call.waiting(
                  kind,
                  () -> Cancellation.call(source.token(), () -> mine.getInputStream().read()));
          source.cancel();
          assertEquals("tab", call.failure(CancelledIOException.class).path().getFirst());
          assertFalse(mine.isClosed());
          // The goodbye that only the client can say, and what the server answers.
          mine.getOutputStream().write(("cancel " + i).getBytes(UTF_8));
          assertArrayEquals(("cancel " + i).getBytes(UTF_8), other.getInputStream().readNBytes(8));
          other.getOutputStream().write(100 + i);
          Call<Integer> answer = Call.start(kind, () -> mine.getInputStream().read());
          assertEquals(100 + i, answer.get());
        }
        mine.shutdownOutput();
        assertEquals(-1, other.getInputStream().read(), "closed with a goodbye of TLS, too");
      }
    }
  }

  private static boolean handshake(SSLSocket socket) throws IOException {
    socket.startHandshake();
    return true;
  }

  /** Between the two, something that holds back all but the first bytes of what the server says. */
  @ParameterizedTest
  @EnumSource(Kind.class)
  void promise19_also_in_the_middle_of_a_record(Kind kind) throws Exception {
    for (int held : new int[] {1, 4, 5, 6, 20}) {
      var hold = new CountDownLatch(1);
      var let = new CountDownLatch(1);
      try (var listener =
              (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 1, HERE);
          var between = new ServerSocket(0, 1, HERE);
          SSLSocket mine = layered(between.getLocalPort());
          Socket toClient = between.accept();
          Socket toServer = new Socket(HERE, listener.getLocalPort());
          var other = (SSLSocket) listener.accept()) {
        Call.start(
            Kind.PLATFORM, () -> toClient.getInputStream().transferTo(toServer.getOutputStream()));
        Call.start(Kind.PLATFORM, () -> pass(toServer, toClient, held, hold, let));
        Call<Boolean> theirs = Call.start(Kind.PLATFORM, () -> handshake(other));
        Call.start(kind, () -> handshake(mine)).get();
        theirs.get();
        other.getOutputStream().write(1); // after it comes nothing of the handshake any more
        assertEquals(1, Call.start(kind, () -> mine.getInputStream().read()).get());

        hold.countDown();
        other.getOutputStream().write("whole".getBytes(UTF_8));
        var source = CancellationSource.create();
        Call<byte[]> call =
            Call.waiting(
                kind,
                () -> Cancellation.call(source.token(), () -> mine.getInputStream().readNBytes(5)));
        source.cancel();
        call.failure(CancelledIOException.class);
        let.countDown();
        Call<byte[]> again = Call.start(kind, () -> mine.getInputStream().readNBytes(5));
        assertArrayEquals("whole".getBytes(UTF_8), again.get(), "after " + held + " bytes");
      }
    }
  }

  /** The rest of a record is lost, so the other side can make nothing of what comes after it. */
  @ParameterizedTest
  @EnumSource(Kind.class)
  void a_cancelled_write_ends_the_session(Kind kind) throws Exception {
    try (var listener =
            (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 1, HERE);
        SSLSocket mine = layered(listener.getLocalPort());
        var other = (SSLSocket) listener.accept()) {
      Call<Boolean> theirs = Call.start(Kind.PLATFORM, () -> handshake(other));
      Call.start(kind, () -> handshake(mine)).get();
      theirs.get();
      var source = CancellationSource.create();
      Call<Boolean> call =
          Call.waiting(
              kind,
              () -> Cancellation.call(source.token(), () -> write(mine, new byte[12_000_000])));
      source.cancel();
      call.failure(CancelledIOException.class);
      Call<Long> reading =
          Call.start(
              Kind.PLATFORM,
              () -> other.getInputStream().transferTo(OutputStream.nullOutputStream()));
      // Long enough to be taken for the rest of the record that was cut off.
      Call.start(kind, () -> write(mine, new byte[50_000]));
      reading.failure(SSLException.class);
    }
  }

  private static boolean write(SSLSocket socket, byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    return true;
  }

  private static boolean pass(
      Socket from, Socket to, int held, CountDownLatch hold, CountDownLatch let) throws Exception {
    byte[] bytes = new byte[20_000];
    InputStream in = from.getInputStream();
    OutputStream out = to.getOutputStream();
    boolean once = true;
    for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
      if (once && hold.getCount() == 0) {
        once = false;
        out.write(bytes, 0, held);
        let.await();
        out.write(bytes, held, count - held);
      } else {
        out.write(bytes, 0, count);
      }
    }
    return true;
  }
}
