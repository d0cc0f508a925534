/** A chat relay that stops between messages, and loses none that it has acknowledged. */
@NullMarked
package dev.desist.examples.relay;

import org.jspecify.annotations.NullMarked;
