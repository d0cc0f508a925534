/** Shutdown of a process, or of a part of it, from the signal to the last message. */
@NullMarked
package dev.desist.shutdown;

import org.jspecify.annotations.NullMarked;
