package dev.desist.failing;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Label;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.HashSet;
import java.util.Set;

/**
 * Loads copies of our classes that count their steps: each method that is entered, each jump
 * backwards, each call of somebody else's method, which is also named. See {@link AllocationPoints}
 * for copies that fail.
 */
public final class StepPoints extends ClassLoader {
  private static final ClassDesc COUNT = ClassDesc.of(StepCount.class.getName());
  private static final MethodTypeDesc NOTHING = MethodTypeDesc.of(ConstantDescs.CD_void);
  private static final MethodTypeDesc NAME =
      MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String);

  /** Copies what {@code like} can load, but for the counter. */
  public StepPoints(ClassLoader like) {
    super(like);
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!name.startsWith("dev.desist.") || name.startsWith("dev.desist.failing.")) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> known = findLoadedClass(name);
      return known != null ? known : findClass(name);
    }
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
      if (in == null) {
        throw new ClassNotFoundException(name);
      }
      byte[] copy = withPoints(in.readAllBytes());
      return defineClass(name, copy, 0, copy.length);
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }

  private static byte[] withPoints(byte[] bytes) {
    return ClassFile.of()
        .transformClass(
            ClassFile.of().parse(bytes),
            ClassTransform.transformingMethodBodies(
                method -> !method.methodName().equalsString(ConstantDescs.CLASS_INIT_NAME),
                CodeTransform.ofStateful(Points::new)));
  }

  private static final class Points implements CodeTransform {
    private final Set<Label> passed = new HashSet<>();

    @Override
    public void atStart(CodeBuilder code) {
      code.invokestatic(COUNT, "step", NOTHING);
    }

    @Override
    public void accept(CodeBuilder code, CodeElement element) {
      switch (element) {
        case LabelTarget target -> passed.add(target.label());
        case BranchInstruction branch when passed.contains(branch.target()) ->
            code.invokestatic(COUNT, "step", NOTHING);
        case InvokeInstruction call when !call.owner().asInternalName().startsWith("dev/desist/") ->
            code.ldc(call.owner().asInternalName() + '.' + call.name().stringValue())
                .invokestatic(COUNT, "call", NAME);
        default -> {
          // no step
        }
      }
      code.with(element);
    }
  }
}
