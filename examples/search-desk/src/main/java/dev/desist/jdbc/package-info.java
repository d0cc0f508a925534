/** Stand-in. */
@org.jspecify.annotations.NullMarked
package dev.desist.jdbc;
