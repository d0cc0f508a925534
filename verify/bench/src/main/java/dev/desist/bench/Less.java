package dev.desist.bench;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a contestant that does less than Desist in what is measured: it is shown with a footnote,
 * and is not taken for the best peer.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Less {
  /** {@return what it does not do, as the end of a sentence about it} */
  String value();
}
