import { aFunction, option, OptionSet, text, type RowsOf } from '../base/options/index.js';
import { CALL_ROWS, type GetOrSetOptions } from './values/cache-options.js';

/** How a function is wrapped. */
export interface WrapOptions<A extends unknown[], R> extends GetOrSetOptions<R> {
  /** Makes the key of a call. @defaultValue the name with the arguments as JSON */
  readonly key?: (...args: A) => string;
  /** What keys begin with: the same in every build, and nobody else's. @defaultValue the function's name */
  readonly name?: string;
}

type MakeKey = NonNullable<WrapOptions<unknown[], unknown>['key']>;

const WRAP_ROWS = {
  ...CALL_ROWS,
  key: option(aFunction<MakeKey>(), null),
  name: option(text(), null),
} satisfies RowsOf<WrapOptions<unknown[], unknown>>;

/** The options of a wrapped function. */
export const WRAP = new OptionSet(WRAP_ROWS, { path: '', example: '{ ttlMs: 60_000 }' });
