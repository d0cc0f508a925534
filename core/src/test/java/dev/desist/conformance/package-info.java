/**
 * What the test suites of other cancellation systems assert, as tests of this library. Each test
 * carries the ids of the rows it shows, see {@link dev.desist.conformance.Conforms}; the rows are
 * in the resource {@code rows.tsv}.
 */
@NullMarked
package dev.desist.conformance;

import org.jspecify.annotations.NullMarked;
