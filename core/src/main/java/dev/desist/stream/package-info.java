/** Whatever yields items, ended between two of them when a token is cancelled. */
@NullMarked
package dev.desist.stream;

import org.jspecify.annotations.NullMarked;
