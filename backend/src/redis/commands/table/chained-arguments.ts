// Types of the commands in pipelines and transactions. The driver gives each command a second form that ends with a
// callback. Here nobody would call it, so what compiles must not have one.

type AnyFunction = (...args: never[]) => unknown;

type WithoutCallback<A extends readonly unknown[]> = A extends readonly [...unknown[], AnyFunction]
  ? never
  : A extends readonly [...infer Head, (infer Last)?]
    ? number extends A['length']
      ? A
      : [NonNullable<Last>] extends [AnyFunction]
        ? Head
        : A
    : A;

/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- the compiler compares such functions exactly */
type IsSame<A, B> =
  (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
/* eslint-enable @typescript-eslint/no-unnecessary-type-parameters */

/**
 * The arguments of every form of a method, without those that end with a callback. The compiler tells the last form
 * of a method only. What is found is put in front, where the same form counts once, so that another one is last.
 */
export type ArgumentsOf<Method, Seen = unknown, Found = never, Last = never> = Seen &
  Method extends (...args: infer A) => infer R
  ? IsSame<A, Last> extends true
    ? Found
    : ArgumentsOf<
        Method,
        Pick<Method, keyof Method> & Seen & ((...args: A) => R),
        Found | WithoutCallback<A>,
        A
      >
  : Found;

/** Commands with more forms than the compiler goes through. They take any arguments but callbacks. */
export type ManyForms = 'sort' | 'xreadgroup' | 'xclaim' | 'migrate';

/** What those commands take. */
export type AnyArguments = readonly (
  string | Buffer | number | readonly (string | Buffer | number)[]
)[];

/** Arguments of a command by its name: any but a callback at the end. */
export type UncalledArguments<A extends readonly unknown[]> = A extends readonly [
  ...unknown[],
  AnyFunction,
]
  ? readonly never[]
  : A;
