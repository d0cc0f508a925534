/** The examples of the API docs, the README and the guide, compiled. */
@NullMarked
package dev.desist.snippets;

import org.jspecify.annotations.NullMarked;
