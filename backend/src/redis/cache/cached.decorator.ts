import { Inject, type InjectionToken } from '@nestjs/common';
import type {} from 'reflect-metadata';
import {
  aFunction,
  anything,
  option,
  OptionSet,
  text,
  type RowsOf,
} from '../base/options/index.js';
import { refusal } from './values/cache-keys.js';
import { CALL_ROWS, type CacheLoadOptions } from './values/cache-options.js';
import { RedisCache } from './redis-cache.js';
import { claimName, keyOfCall, nameInKeys } from './call-names.js';

/** How the results of a method are cached. */
export interface CachedOptions extends CacheLoadOptions {
  /**
   * Name of the namespace. To give it options of its own, create it first with
   * `cache.namespace(name, options)`. @defaultValue 'default'
   */
  readonly namespace?: string;
  /** Makes the key of a call. @defaultValue the name with the arguments as JSON */
  readonly key?: (...args: never[]) => string;
  /**
   * What keys begin with: the same in every build, and nobody else's. Not for a method that several classes
   * inherit. @defaultValue class and method; the class is that of the object
   */
  readonly name?: string;
  /** Tags: names under which a result can be deleted together with others. */
  readonly tags?: readonly string[] | ((value: never) => readonly string[]);
  /** Token of the cache, when there are several. @defaultValue RedisCache */
  readonly cache?: InjectionToken;
}

const CACHED_ROWS = {
  ...CALL_ROWS,
  namespace: option(text(), 'default'),
  key: option(aFunction<NonNullable<CachedOptions['key']>>(), null),
  name: option(text(), null),
  cache: option(anything<InjectionToken>(), RedisCache),
} satisfies RowsOf<Omit<CachedOptions, 'tags'>>;
const CACHED = new OptionSet(CACHED_ROWS, {
  path: 'cached',
  example: '@Cached({ ttlMs: 60_000 })',
});

type AnyClass = abstract new (...args: never[]) => object;
type AsyncMethod = (...args: never[]) => Promise<unknown>;
type AnyMethod = (this: unknown, ...args: unknown[]) => Promise<unknown>;

/** Caches the results of a method of a Nest provider. */
type CachedDecorator = <F extends AsyncMethod>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<F>,
) => void;

/**
 * Caches the results of an asynchronous method. The class must be a provider of Nest, which
 * injects the cache; its constructor does not need to mention it.
 *
 * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) that lists every option that cannot be used.
 * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) when it decorates something else than a method, or
 * when its parentheses are missing.
 */
export function Cached(options?: CachedOptions): CachedDecorator;
export function Cached(options: CachedOptions = {}, ...decorated: unknown[]): CachedDecorator {
  // `@Cached` without parentheses: it gets what the decorator should get, and would leave the method as it is.
  if (decorated.length > 0) throw withoutParentheses(nameOf(options, decorated[0]));
  CACHED.resolve(options);
  const { namespace, key, name, cache = RedisCache, ...rest } = options;
  // Without a compiler that checks types it may stand on a property, which has no descriptor.
  return <F extends AsyncMethod>(
    target: object,
    property: string | symbol,
    descriptor?: TypedPropertyDescriptor<F>,
  ) => {
    const shown = nameOf(target, property);
    const original = descriptor?.value as AnyMethod | undefined;
    if (descriptor === undefined || typeof original !== 'function') throw notAMethod(shown);
    const place = Symbol(`cache of ${shown}`);
    Inject(cache)(target, place);
    const makeKey = key as ((...args: unknown[]) => string) | undefined;
    const names = new MethodNames(target, property, name);
    const cached: AnyMethod = async function (...args) {
      const home = cacheOf(this, place, shown);
      const within = namespace === undefined ? home : home.namespace(namespace);
      const ofCall =
        makeKey === undefined ? keyOfCall(names.take(this, within), args) : makeKey(...args);
      return within.getOrSet(ofCall, () => original.apply(this, args), rest as CacheLoadOptions);
    };
    copyMetadata(original, cached);
    Object.assign(descriptor, { value: cached });
  };
}

/**
 * The names of one method in keys: one for each class that has or inherits it. A method that a class inherits
 * works with what that class has, such as another table, so its results are that class's own.
 */
class MethodNames {
  readonly #declaring: AnyClass;
  readonly #property: string;
  readonly #given: string | undefined;
  readonly #names = new WeakMap<AnyClass, string>();

  constructor(target: object, property: string | symbol, given: string | undefined) {
    this.#declaring = target.constructor as AnyClass;
    this.#property = String(property);
    this.#given = given;
  }

  /** Returns the name for calls on this object, and claims it in the namespace. */
  take(instance: unknown, namespace: object): string {
    const owner = (instance as object).constructor as AnyClass;
    let name = this.#names.get(owner);
    if (name === undefined) this.#names.set(owner, (name = this.#given ?? this.#nameFor(owner)));
    claimName(namespace, name, [owner, this]);
    return name;
  }

  // A class that overrides a method may call the one it inherits: they are two.
  #nameFor(owner: AnyClass): string {
    const from = this.#declaring === owner ? '' : `(${nameInKeys(this.#declaring)})`;
    return `${nameInKeys(owner)}${from}.${this.#property}`;
  }
}

function cacheOf(instance: unknown, place: symbol, name: string): RedisCache {
  const cache = (instance as Readonly<Partial<Record<symbol, RedisCache>>> | undefined)?.[place];
  if (cache !== undefined) return cache;
  const message = 'there is no cache, because Nest did not make the object the method belongs to';
  const remedy = 'List the class in the providers of a module, and let Nest inject it';
  throw refusal(`@Cached ${name}`, undefined, message, remedy);
}

// What other decorators below this one put on the method: guards, roles, routes.
function copyMetadata(from: AnyMethod, to: AnyMethod): void {
  for (const key of Reflect.getMetadataKeys(from) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, from), to);
  }
  Object.defineProperty(to, 'name', { value: from.name, configurable: true });
}

function nameOf(target: object, property: unknown): string {
  if (typeof target === 'function') return target.name;
  return `${target.constructor.name}.${String(property)}`;
}

function withoutParentheses(name: string): Error {
  return refusal(`@Cached ${name}`, undefined, 'has no parentheses', 'Write @Cached()');
}

function notAMethod(name: string): Error {
  const message = 'only a method can be decorated with @Cached';
  return refusal(`@Cached ${name}`, undefined, message, 'Write an async method');
}
