package dev.desist.examples.searchdesk;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.FieldModel;
import java.lang.classfile.MethodModel;
import java.lang.constant.ClassDesc;
import java.lang.reflect.AccessFlag;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Turns a class file into lines a person would search: its name, its fields, its methods. */
final class ClassOutline {
  private ClassOutline() {}

  static List<String> of(byte[] classFile) {
    ClassModel model = ClassFile.of().parse(classFile);
    var lines = new ArrayList<String>();
    int flags = model.flags().flagsMask();
    lines.add(
        modifiers(flags, Modifier.classModifiers())
            + (Modifier.isInterface(flags) ? "interface " : "class ")
            + name(model.thisClass().asSymbol()));
    for (FieldModel field : model.fields()) {
      if (!field.flags().has(AccessFlag.SYNTHETIC)) {
        lines.add(
            "  %s%s %s;"
                .formatted(
                    modifiers(field.flags().flagsMask(), Modifier.fieldModifiers()),
                    name(field.fieldTypeSymbol()),
                    field.fieldName().stringValue()));
      }
    }
    for (MethodModel method : model.methods()) {
      if (!method.flags().has(AccessFlag.SYNTHETIC)) {
        lines.add(
            "  %s%s %s(%s);"
                .formatted(
                    modifiers(method.flags().flagsMask(), Modifier.methodModifiers()),
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

  private static String modifiers(int flags, int meaningful) {
    String words = Modifier.toString(flags & meaningful);
    return words.isEmpty() ? "" : words + " ";
  }
}
