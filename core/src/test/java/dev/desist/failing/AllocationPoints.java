package dev.desist.failing;

import static java.lang.classfile.ClassFile.ACC_FINAL;
import static java.lang.classfile.ClassFile.ACC_PUBLIC;
import static java.lang.classfile.ClassFile.ACC_STATIC;
import static java.lang.classfile.ClassFile.ACC_VOLATILE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.NewMultiArrayInstruction;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.classfile.instruction.NewReferenceArrayInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Makes copies of classes that call {@code AllocationPoint.pass()} before each allocation: each
 * {@code new}, each array, each lambda that captures, each string that is put together. The point
 * is a class in {@code java.util.concurrent}, since classes of the JDK are among them.
 */
final class AllocationPoints {
  static final String POINT = "java.util.concurrent.AllocationPoint";
  static final String FIELD = "each";

  private static final ClassDesc POINT_CLASS = ClassDesc.of(POINT);
  private static final MethodTypeDesc NOTHING = MethodTypeDesc.of(ConstantDescs.CD_void);
  private static final ClassDesc RUNNABLE = ClassDesc.of("java.lang.Runnable");

  private AllocationPoints() {}

  /** Copies our own classes. */
  static void copy(Path classes, Path target) throws IOException {
    write(classes, classes, target);
  }

  /** Copies what the library uses of the JDK that allocates in the middle of something. */
  static void copyJdk(Path target) throws IOException {
    Path base = FileSystems.getFileSystem(URI.create("jrt:/")).getPath("/modules/java.base");
    write(base, base.resolve("java/util/concurrent"), target);
    for (String each :
        new String[] {"ArrayDeque", "ArrayList", "HashMap", "LinkedList", "Optional"}) {
      try (Stream<Path> files = Files.list(base.resolve("java/util"))) {
        for (Path file : files.toList()) {
          String name = file.getFileName().toString();
          if (name.equals(each + ".class") || name.startsWith(each + "$")) {
            write(base, file, target);
          }
        }
      }
    }
    write(base, base.resolve("java/time/Duration.class"), target);
    Files.write(target.resolve(POINT.replace('.', '/') + ".class"), point());
  }

  private static void write(Path root, Path classes, Path target) throws IOException {
    try (Stream<Path> files = Files.walk(classes)) {
      files
          .filter(each -> each.toString().endsWith(".class"))
          .filter(each -> !each.endsWith("module-info.class"))
          .filter(each -> !each.startsWith(root.resolve("java/util/concurrent/locks")))
          .filter(each -> !each.toString().contains("ConcurrentHashMap"))
          .forEach(
              each -> {
                try {
                  Path copy = target.resolve(root.relativize(each).toString());
                  Files.createDirectories(copy.getParent());
                  Files.write(copy, withPoints(Files.readAllBytes(each)));
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }

  private static byte[] withPoints(byte[] bytes) {
    ClassModel model = ClassFile.of().parse(bytes);
    return ClassFile.of()
        .transformClass(
            model,
            ClassTransform.transformingMethodBodies(
                method -> !method.methodName().equalsString(ConstantDescs.CLASS_INIT_NAME),
                (code, element) -> {
                  if (allocates(element)) {
                    code.invokestatic(POINT_CLASS, "pass", NOTHING);
                  }
                  code.with(element);
                }));
  }

  private static boolean allocates(CodeElement element) {
    return switch (element) {
      case NewObjectInstruction _,
          NewPrimitiveArrayInstruction _,
          NewReferenceArrayInstruction _,
          NewMultiArrayInstruction _ ->
          true;
      case InvokeDynamicInstruction dynamic ->
          dynamic.typeSymbol().parameterCount() > 0
              && !dynamic.typeSymbol().returnType().isPrimitive(); // as switches, and hashes
      default -> false;
    };
  }

  private static byte[] point() {
    return ClassFile.of()
        .build(
            POINT_CLASS,
            point ->
                point
                    .withFlags(ACC_PUBLIC | ACC_FINAL)
                    .withField(FIELD, RUNNABLE, ACC_PUBLIC | ACC_STATIC | ACC_VOLATILE)
                    .withMethodBody(
                        "pass",
                        NOTHING,
                        ACC_PUBLIC | ACC_STATIC,
                        code ->
                            code.getstatic(POINT_CLASS, FIELD, RUNNABLE)
                                .astore(0)
                                .aload(0)
                                .ifThen(
                                    Opcode.IFNONNULL,
                                    then -> then.aload(0).invokeinterface(RUNNABLE, "run", NOTHING))
                                .return_()));
  }
}
