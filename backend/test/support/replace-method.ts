/** Replaces a method, and returns how it is put back. */
export function replaceMethod<C extends object, K extends keyof C>(
  prototype: C,
  name: K,
  made: (real: C[K]) => C[K],
): () => void {
  const real = prototype[name];
  prototype[name] = made(real);
  return () => {
    prototype[name] = real;
  };
}
