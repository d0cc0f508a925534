package dev.desist.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** Access to fields that several threads touch. */
public final class Fields {
  private Fields() {}

  /**
   * {@return the access to a field}
   *
   * @param lookup of the class that declares the field
   * @param name of the field
   * @param type of the field
   */
  public static VarHandle of(MethodHandles.Lookup lookup, String name, Class<?> type) {
    try {
      return lookup.findVarHandle(lookup.lookupClass(), name, type);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }
}
