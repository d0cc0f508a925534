/**
 * The test kit of Reactive Streams, applied to what stands between a publisher and a subscriber.
 */
@NullMarked
package dev.desist.flowtck;

import org.jspecify.annotations.NullMarked;
