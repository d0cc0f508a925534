@NullMarked
package dev.desist.examples.searchdesk;

import org.jspecify.annotations.NullMarked;
