import { isGiven, type Given } from '../base/options/index.js';
import type { RedisMode, SentinelModeOptions, StandaloneModeOptions } from './redis-options.js';

type OfAnyMode = Omit<StandaloneModeOptions, 'mode'> & Omit<SentinelModeOptions, 'mode'>;

/** Options that are laid over those of the environment: whatever is left out, `mode` too, comes from there. */
export type OptionsOverEnvironment = {
  readonly [K in keyof OfAnyMode]?: Partial<OfAnyMode[K]>;
} & { readonly mode?: RedisMode };

/** What belongs together in one object: the environment gives nothing of it when the code gives a part. */
const ONE_THING = ['host', 'port', 'path', 'url'];

/** What stands for a member of credentials: the environment does not give one beside the other. */
const INSTEAD_OF: Readonly<Record<string, readonly string[]>> = {
  password: ['passwordFile'],
  passwordFile: ['password'],
  credentials: ['username', 'password', 'passwordFile'],
};

/** Where a list or an object is one value: it is replaced, not mixed. */
const GROUPS = [
  'node',
  'routing',
  'pools',
  'fallback',
  'journal',
  'sessions',
  'hotKeys',
  'near',
  'sentinel',
];

/**
 * Returns what the environment gives, with what the code gives in its place. Each option of the code wins over
 * its variable; `noteCode` is told its path, so that problems are reported under the right name.
 */
export function layOver(environment: Given, code: Given, noteCode: (path: string) => void): Given {
  const given = withoutUndefined(code);
  for (const path of Object.keys(given)) noteCode(path);
  const below = ONE_THING.some((key) => key in given)
    ? without(environment, ONE_THING)
    : environment;
  const laid: Record<string, unknown> = { ...below, ...given };
  for (const group of GROUPS) {
    const [under = {}, over] = [below[group], given[group]];
    if (isGiven(under) && isGiven(over)) laid[group] = layGroup(under, over, group, noteCode);
  }
  return laid;
}

/** Returns whether the code lists Sentinels: then no Redis is guessed for the case that they are too few. */
export function listsSentinels({ sentinel }: Given): boolean {
  return isGiven(sentinel) && sentinel['nodes'] !== undefined;
}

function layGroup(
  environment: Given,
  code: Given,
  group: string,
  noteCode: (path: string) => void,
): Given {
  const given = withoutUndefined(code);
  const names = Object.keys(given);
  for (const name of names) noteCode(`${group}.${name}`);
  const replaced = names.flatMap((name) => INSTEAD_OF[name] ?? []);
  return { ...without(environment, replaced), ...given };
}

function without(from: Given, names: readonly string[]): Given {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name)));
}

// A member that is undefined is one that was left out.
function withoutUndefined(from: Given): Given {
  return Object.fromEntries(Object.entries(from).filter(([, value]) => value !== undefined));
}
