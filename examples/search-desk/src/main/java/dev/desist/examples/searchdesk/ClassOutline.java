package dev.desist.examples.searchdesk;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.FieldModel;
import java.lang.classfile.MethodModel;
import java.lang.constant.ClassDesc;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Turns a class file into lines a person would search: its name, its fields, its methods. */
final class ClassOutline {
  private ClassOutline() {}

  static List<String> of(byte[] classFile) {
    ClassModel model = ClassFile.of().parse(classFile);
    var lines = new ArrayList<String>();
    lines.add(modifiers(model.flags().flags()) + "class " + name(model.thisClass().asSymbol()));
    for (FieldModel field : model.fields()) {
      if (!field.flags().has(AccessFlag.SYNTHETIC)) {
        lines.add(
            "  %s%s %s;"
                .formatted(
                    modifiers(field.flags().flags()),
                    name(field.fieldTypeSymbol()),
                    field.fieldName().stringValue()));
      }
    }
    for (MethodModel method : model.methods()) {
      if (!method.flags().has(AccessFlag.SYNTHETIC)) {
        lines.add(
            "  %s%s %s(%s);"
                .formatted(
                    modifiers(method.flags().flags()),
                    name(method.methodTypeSymbol().returnType()),
                    method.methodName().stringValue(),
                    method.methodTypeSymbol().parameterList().stream()
                        .map(ClassOutline::name)
                        .collect(Collectors.joining(", "))));
      }
    }
    return lines;
  }

  private static String name(ClassDesc type) {
    String outside = type.packageName();
    return outside.isEmpty() ? type.displayName() : outside + "." + type.displayName();
  }

  private static String modifiers(Set<AccessFlag> flags) {
    return flags.stream()
        .filter(AccessFlag::sourceModifier)
        .map(flag -> flag.name().toLowerCase(java.util.Locale.ROOT) + " ")
        .collect(Collectors.joining());
  }
}
