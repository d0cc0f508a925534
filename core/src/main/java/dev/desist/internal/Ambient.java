package dev.desist.internal;

import org.jspecify.annotations.Nullable;

/** What is bound to the running code: its token, and the task that it is in. */
public final class Ambient {
  /** Bound to a token, or to a {@link Host} that can give one. */
  public static final ScopedValue<Object> CURRENT = ScopedValue.newInstance();

  /** Bound to the host, where a token, or a shield, has taken its place. */
  private static final ScopedValue<Host> HOST = ScopedValue.newInstance();

  private static final Object NOTHING = new Object();

  private Ambient() {}

  /**
   * A task whose thread may be interrupted from outside, and that makes what is needed for this,
   * and its token, when somebody asks.
   */
  public interface Host {
    /** {@return the task's token} */
    Object token();

    /**
     * {@return the task's guarded thread, if {@code thread} is the one that it runs on}
     *
     * @param thread the current one; others have inherited the binding
     */
    @Nullable GuardedThread guarded(Thread thread);

    /**
     * Tells the task that it was told of its cancellation: it is interrupted no more, since it has
     * listened, and cleans up.
     *
     * @param thread the current one
     */
    void listened(Thread thread);

    /**
     * Tells the task that code in it waits for others, to whom it hands on an interrupt, whether or
     * not it has listened; until it is told again that it has.
     *
     * @param thread the current one
     * @return whether it had listened
     */
    boolean listens(Thread thread);
  }

  /** {@return the innermost task that the running code is in, or null} */
  public static @Nullable Host host() {
    if (CURRENT.orElse(NOTHING) instanceof Host host) {
      return host;
    }
    return HOST.isBound() ? HOST.get() : null;
  }

  /**
   * {@return a binding of {@code token} as the current one, which does not lose the host}
   *
   * @param token what to bind
   */
  public static ScopedValue.Carrier binding(Object token) {
    ScopedValue.Carrier carrier = ScopedValue.where(CURRENT, token);
    return CURRENT.orElse(NOTHING) instanceof Host host ? carrier.where(HOST, host) : carrier;
  }
}
