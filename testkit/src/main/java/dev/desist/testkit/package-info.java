/** Manual time and hygiene checks for tests of code that can be cancelled. */
@NullMarked
package dev.desist.testkit;

import org.jspecify.annotations.NullMarked;
