/** Several tasks as one: scopes, races, timeouts. */
@NullMarked
package dev.desist.bench.scope;

import org.jspecify.annotations.NullMarked;
