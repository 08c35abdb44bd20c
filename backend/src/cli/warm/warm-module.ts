import { statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { safeMessage } from '../../redis/base/errors/index.js';
import { CliError } from '../frame/index.js';

/** How far a warm-up is; what `cache.warm()` tells of it. */
export interface Warming {
  readonly plan: string;
  readonly state: string;
  readonly done: number;
  readonly total: number | null;
  readonly loaded: number;
  readonly skipped: number;
  readonly failed: number;
}

/** What the module of an application opens. */
export interface OpenedCache {
  /** A `RedisCache`: its plans are made when the application starts. */
  readonly cache: { warm(plan?: string): AsyncIterable<Warming> };
  /** Ends the application. */
  close(): Promise<unknown>;
}

const NAMES = ['openCache', 'default'] as const;
const EXAMPLE = 'See docs/command-line.md for what it exports';

/**
 * Reads a module, and has it start the application.
 *
 * @throws {@link CliError} where there is none, or it does not export what it should
 */
export async function openCacheOf(path: string): Promise<OpenedCache> {
  const open = openerIn(await load(path));
  if (open === null) {
    throw CliError.misused(`${path} exports no function openCache`, EXAMPLE);
  }
  const opened = await started(path, open);
  if (isOpened(opened)) return opened;
  throw CliError.misused(`openCache of ${path} does not return { cache, close }`, EXAMPLE);
}

async function load(path: string): Promise<object> {
  const file = resolve(path);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw CliError.misused(`there is no file ${path}`, EXAMPLE);
  }
  if (/^\.[cm]?tsx?$/.test(extname(file))) {
    throw CliError.misused(`${path} is TypeScript`, 'Name what it is compiled to');
  }
  try {
    return (await import(pathToFileURL(file).href)) as object;
  } catch (error) {
    throw new CliError(`${path} cannot be read: ${firstLine(error)}`, EXAMPLE);
  }
}

async function started(path: string, open: () => unknown): Promise<unknown> {
  try {
    return await open();
  } catch (error) {
    const remedy = 'See whether the application starts by itself';
    throw new CliError(`openCache of ${path} failed: ${firstLine(error)}`, remedy);
  }
}

// What CommonJS exports, stands in the default of what `import` returns.
function openerIn(module: object): (() => unknown) | null {
  const inner: unknown = Reflect.get(module, 'default');
  for (const from of [module, inner]) {
    if (typeof from === 'function') return from as () => unknown;
    if (typeof from !== 'object' || from === null) continue;
    for (const name of NAMES) {
      const found: unknown = Reflect.get(from, name);
      if (typeof found === 'function') return found as () => unknown;
    }
  }
  return null;
}

function isOpened(value: unknown): value is OpenedCache {
  if (typeof value !== 'object' || value === null) return false;
  const cache: unknown = Reflect.get(value, 'cache');
  const isCache =
    typeof cache === 'object' && cache !== null && typeof Reflect.get(cache, 'warm') === 'function';
  return isCache && typeof Reflect.get(value, 'close') === 'function';
}

function firstLine(error: unknown): string {
  return safeMessage(error).split('\n')[0] ?? '';
}
