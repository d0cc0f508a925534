package dev.desist.internal;

/**
 * A callback of this library's own, for one of its own promises: quick, unable to block or to fail,
 * and free of users' code. On cancellation it runs before any user's callback, on the cancelling
 * thread, and so never waits for one.
 */
public interface Prompt extends Runnable {}
