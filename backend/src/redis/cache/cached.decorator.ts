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
import { keyOfCall } from './wrap-function.js';

/** How the results of a method are cached. */
export interface CachedOptions extends CacheLoadOptions {
  /**
   * Name of the namespace. To give it options of its own, create it first with
   * `cache.namespace(name, options)`. @defaultValue 'default'
   */
  readonly namespace?: string;
  /** Makes the key of a call. @defaultValue class, method, and the arguments as JSON */
  readonly key?: (...args: never[]) => string;
  /** Tags: names under which a result can be deleted together with others. */
  readonly tags?: readonly string[] | ((value: never) => readonly string[]);
  /** Token of the cache, when there are several. @defaultValue RedisCache */
  readonly cache?: InjectionToken;
}

const CACHED_ROWS = {
  ...CALL_ROWS,
  namespace: option(text(), 'default'),
  key: option(aFunction<NonNullable<CachedOptions['key']>>(), null),
  cache: option(anything<InjectionToken>(), RedisCache),
} satisfies RowsOf<Omit<CachedOptions, 'tags'>>;
const CACHED = new OptionSet(CACHED_ROWS, {
  path: 'cached',
  example: '@Cached({ ttlMs: 60_000 })',
});

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
 * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) when it decorates something else than a method.
 */
export function Cached(options: CachedOptions = {}): CachedDecorator {
  CACHED.resolve(options);
  const { namespace, key, cache = RedisCache, ...rest } = options;
  return (target, property, descriptor) => {
    const name = nameOf(target, property);
    const original = descriptor.value as AnyMethod | undefined;
    if (typeof original !== 'function') throw notAMethod(name);
    const place = Symbol(`cache of ${name}`);
    Inject(cache)(target, place);
    const makeKey = key as ((...args: unknown[]) => string) | undefined;
    const cached: AnyMethod = async function (...args) {
      const home = cacheOf(this, place, name);
      const ofCall = makeKey === undefined ? keyOfCall(name, args) : makeKey(...args);
      const within = namespace === undefined ? home : home.namespace(namespace);
      return within.getOrSet(ofCall, () => original.apply(this, args), rest as CacheLoadOptions);
    };
    copyMetadata(original, cached);
    Object.assign(descriptor, { value: cached });
  };
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

function nameOf(target: object, property: string | symbol): string {
  return `${target.constructor.name}.${String(property)}`;
}

function notAMethod(name: string): Error {
  const message = 'only a method can be decorated with @Cached';
  return refusal(`@Cached ${name}`, undefined, message, 'Write an async method');
}
