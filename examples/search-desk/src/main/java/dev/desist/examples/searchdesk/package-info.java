/** The search desk: the JDK's sources, searched as you type. */
@NullMarked
package dev.desist.examples.searchdesk;

import org.jspecify.annotations.NullMarked;
