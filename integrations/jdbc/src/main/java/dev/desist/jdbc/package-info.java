/** JDBC statements that end when a token is cancelled, and leave their connection usable. */
@NullMarked
package dev.desist.jdbc;

import org.jspecify.annotations.NullMarked;
