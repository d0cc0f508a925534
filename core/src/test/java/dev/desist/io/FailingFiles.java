package dev.desist.io;

import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The machine's files as a file system of somebody else's, one step of which fails. */
final class FailingFiles extends FileSystemProvider {
  /** What a step fails with. */
  enum Failure {
    IO {
      @Override
      void happen(String step) throws IOException {
        throw new IOException(step);
      }
    },
    UNCHECKED {
      @Override
      void happen(String step) {
        throw new IllegalStateException(step);
      }
    },
    ERROR {
      @Override
      void happen(String step) {
        throw new StackOverflowError(step);
      }
    };

    abstract void happen(String step) throws IOException;
  }

  private final FileSystemProvider real;
  private final FileSystem system = new Files();
  private final AtomicInteger left = new AtomicInteger(Integer.MAX_VALUE);
  private final Failure failure;
  private final List<String> steps = new ArrayList<>();
  @Nullable String failed;

  FailingFiles(Path any, Failure failure) {
    this.real = any.getFileSystem().provider();
    this.failure = failure;
  }

  /** Has the step after {@code count} others fail. */
  void failAfter(int count) {
    failed = null;
    steps.clear();
    left.set(count);
  }

  List<String> steps() {
    return steps;
  }

  private void step(String step) throws IOException {
    steps.add(step);
    if (left.getAndDecrement() == 0) {
      failed = step;
      failure.happen(step);
    }
  }

  // ---- paths

  /** {@return {@code path} here} */
  Path of(Path path) {
    return (Path)
        Proxy.newProxyInstance(
            FailingFiles.class.getClassLoader(), new Class<?>[] {Path.class}, new Handler(path));
  }

  private final class Handler implements InvocationHandler {
    private final Path path;

    Handler(Path path) {
      this.path = path;
    }

    @Override
    @SuppressWarnings("NullAway")
    public Object invoke(Object proxy, java.lang.reflect.Method method, Object[] arguments)
        throws Throwable {
      switch (method.getName()) {
        case "getFileSystem" -> {
          return system;
        }
        case "toFile" -> throw new UnsupportedOperationException();
        case "register" -> {
          if (arguments[0] instanceof Service service) {
            return path.register(service.real, (java.nio.file.WatchEvent.Kind<?>[]) arguments[1]);
          }
          throw new java.nio.file.ProviderMismatchException();
        }
        default -> {}
      }
      Object[] unwrapped =
          arguments == null
              ? null
              : Arrays.stream(arguments)
                  .map(each -> each instanceof Path some ? real(some) : each)
                  .toArray();
      try {
        Object result = method.invoke(path, unwrapped);
        return result instanceof Path some ? of(some) : result;
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }
  }

  static Path real(Path path) {
    return Proxy.isProxyClass(path.getClass())
        ? ((Handler) Proxy.getInvocationHandler(path)).path
        : path;
  }

  /** Has each call of {@code object} be a step, closing it one after it was done. */
  private <T> T stepping(Class<T> type, T object, String name) {
    InvocationHandler handler =
        (_, method, arguments) -> {
          boolean closes = method.getName().equals("close");
          if (!closes) {
            step(name + '.' + method.getName());
          }
          try {
            Object result = method.invoke(object, arguments);
            if (closes) {
              step(name + ".close");
            }
            return result;
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        };
    return type.cast(
        Proxy.newProxyInstance(
            FailingFiles.class.getClassLoader(), new Class<?>[] {type}, handler));
  }

  // ---- the provider

  @Override
  public String getScheme() {
    return "failing";
  }

  @Override
  public FileSystem newFileSystem(URI uri, Map<String, ?> environment) {
    throw new UnsupportedOperationException();
  }

  @Override
  public FileSystem getFileSystem(URI uri) {
    return system;
  }

  @Override
  public Path getPath(URI uri) {
    throw new UnsupportedOperationException();
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    step("open");
    return stepping(
        SeekableByteChannel.class, real.newByteChannel(real(path), options, attributes), "channel");
  }

  @Override
  public DirectoryStream<Path> newDirectoryStream(
      Path path, DirectoryStream.Filter<? super Path> filter) throws IOException {
    step("list");
    return real.newDirectoryStream(real(path), filter);
  }

  @Override
  public void createDirectory(Path path, FileAttribute<?>... attributes) throws IOException {
    step("createDirectory");
    real.createDirectory(real(path), attributes);
  }

  @Override
  public void createSymbolicLink(Path link, Path target, FileAttribute<?>... attributes)
      throws IOException {
    step("createSymbolicLink");
    real.createSymbolicLink(real(link), real(target), attributes);
  }

  @Override
  public void createLink(Path link, Path existing) throws IOException {
    step("createLink");
    real.createLink(real(link), real(existing));
  }

  @Override
  public Path readSymbolicLink(Path link) throws IOException {
    step("readSymbolicLink");
    return of(real.readSymbolicLink(real(link)));
  }

  @Override
  public void delete(Path path) throws IOException {
    step("delete");
    real.delete(real(path));
  }

  @Override
  public boolean deleteIfExists(Path path) throws IOException {
    step("delete");
    return real.deleteIfExists(real(path));
  }

  @Override
  public void copy(Path source, Path target, CopyOption... options) throws IOException {
    step("copy");
    real.copy(real(source), real(target), options);
  }

  @Override
  public void move(Path source, Path target, CopyOption... options) throws IOException {
    step("move");
    real.move(real(source), real(target), options);
  }

  @Override
  public boolean isSameFile(Path path, Path other) throws IOException {
    step("isSameFile");
    return real.isSameFile(real(path), real(other));
  }

  @Override
  public boolean isHidden(Path path) throws IOException {
    return real.isHidden(real(path));
  }

  @Override
  public FileStore getFileStore(Path path) throws IOException {
    return real.getFileStore(real(path));
  }

  @Override
  public void checkAccess(Path path, AccessMode... modes) throws IOException {
    step("checkAccess");
    real.checkAccess(real(path), modes);
  }

  @Override
  public <V extends FileAttributeView> @Nullable V getFileAttributeView(
      Path path, Class<V> type, LinkOption... options) {
    V view = real.getFileAttributeView(real(path), type, options);
    return view == null ? null : stepping(type, view, "view");
  }

  @Override
  public <A extends BasicFileAttributes> A readAttributes(
      Path path, Class<A> type, LinkOption... options) throws IOException {
    step("readAttributes");
    return real.readAttributes(real(path), type, options);
  }

  @Override
  public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options)
      throws IOException {
    step("readAttributes");
    return real.readAttributes(real(path), attributes, options);
  }

  @Override
  public void setAttribute(Path path, String attribute, Object value, LinkOption... options)
      throws IOException {
    step("setAttribute");
    real.setAttribute(real(path), attribute, value, options);
  }

  // ---- the file system

  private final class Files extends FileSystem {
    @Override
    public FileSystemProvider provider() {
      return FailingFiles.this;
    }

    @Override
    public void close() {}

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public boolean isReadOnly() {
      return false;
    }

    @Override
    public String getSeparator() {
      return "/";
    }

    @Override
    public Iterable<Path> getRootDirectories() {
      return List.of();
    }

    @Override
    public Iterable<FileStore> getFileStores() {
      return List.of();
    }

    @Override
    public Set<String> supportedFileAttributeViews() {
      return Set.of("basic", "posix");
    }

    @Override
    public Path getPath(String first, String... more) {
      return of(Path.of(first, more));
    }

    @Override
    public PathMatcher getPathMatcher(String pattern) {
      throw new UnsupportedOperationException();
    }

    @Override
    public UserPrincipalLookupService getUserPrincipalLookupService() {
      throw new UnsupportedOperationException();
    }

    @Override
    public WatchService newWatchService() throws IOException {
      return new Service(Path.of("/").getFileSystem().newWatchService());
    }
  }

  /** Each take and poll is a step. */
  private final class Service implements WatchService {
    final WatchService real;

    Service(WatchService real) {
      this.real = real;
    }

    private void unchecked(String step) {
      try {
        step(step);
      } catch (IOException e) {
        FailingFiles.<RuntimeException>sneak(e);
      }
    }

    @Override
    public @Nullable WatchKey poll() {
      unchecked("poll");
      return real.poll();
    }

    @Override
    public @Nullable WatchKey poll(long timeout, TimeUnit unit) throws InterruptedException {
      return real.poll(timeout, unit);
    }

    @Override
    public WatchKey take() throws InterruptedException {
      unchecked("take");
      return real.take();
    }

    @Override
    public void close() throws IOException {
      real.close();
    }
  }

  @SuppressWarnings("unchecked")
  private static <X extends Throwable> void sneak(Throwable thrown) throws X {
    throw (X) thrown;
  }
}
