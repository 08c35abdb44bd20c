import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { isReached, reach, type ReachOptions, type Survey } from '../reach/index.js';
import type { Environment } from '../frame/index.js';
import type { DrillTarget } from './fault-step.js';

/** More keys than somebody leaves who only tries things out. */
const MAX_KEYS = 1_000;
const DEADLINE_MS = 2_000;
const SOUNDS_LIKE_IT = /(^|[^a-z])(prod|live)/i;

/** What is looked at. */
export interface Suspect {
  readonly target: Pick<DrillTarget, 'options' | 'isOwn' | 'hasOwnLoopback' | 'names'>;
  readonly seen: Survey;
  readonly env: Environment;
}

/** Returns why a cluster may be one that people depend on; empty where nothing says so. It changes nothing. */
export async function whyProduction({ target, seen, env }: Suspect): Promise<string[]> {
  const { options, isOwn, names } = target;
  const found = [...suspiciousEnvironment(env), ...suspiciousNames(names, seen, options)];
  // What `cluster up` started is there to be broken, whoever tries it with data and clients.
  if (isOwn) return found;
  const [places, use] = await Promise.all([strangePlaces(seen), strangeUse(target, seen)]);
  return [...found, ...places, ...use];
}

function suspiciousEnvironment(env: Environment): string[] {
  return env['NODE_ENV'] === 'production' ? ['NODE_ENV is production'] : [];
}

function suspiciousNames(names: readonly string[], seen: Survey, options: ReachOptions): string[] {
  const hosts = placesOf(seen).map(({ host }) => host);
  const group = options.mode === 'sentinel' ? [options.sentinel.masterName] : [];
  const all = [...new Set([...names, ...group, ...hosts])];
  return all.filter((name) => SOUNDS_LIKE_IT.test(name)).map((name) => `the name ${name}`);
}

/** Where nodes and Sentinels are reached, and what they call themselves. */
function placesOf({ nodes, sentinels }: Survey): { readonly host: string }[] {
  return [
    ...nodes.flatMap(({ address, announced }) => [address, announced]),
    ...sentinels.map(({ address }) => address),
  ];
}

async function strangePlaces(seen: Survey): Promise<string[]> {
  const reached = [...seen.nodes, ...seen.sentinels].map(({ address }) => address.host);
  const checked = await Promise.all(
    [...new Set(reached)].map(async (host) => ((await isNear(host)) ? [] : [host])),
  );
  return checked.flat().map((host) => `${host} is no address of this machine or a private network`);
}

const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const) {
  PRIVATE.addSubnet(net, bits, 'ipv4');
}
PRIVATE.addAddress('::1', 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

// A name that nobody knows may be anything.
async function isNear(host: string): Promise<boolean> {
  const found =
    isIP(host) > 0
      ? [{ address: host, family: isIP(host) }]
      : await lookup(host, { all: true }).catch(() => []);
  return (
    found.length > 0 &&
    found.every(({ address, family }) => PRIVATE.check(address, family === 6 ? 'ipv6' : 'ipv4'))
  );
}

async function strangeUse(
  { options, hasOwnLoopback }: Suspect['target'],
  { primary }: Survey,
): Promise<string[]> {
  if (primary === null) return [];
  const server = await reach({
    ...{ address: primary.address, access: options.node, whose: 'node', deadlineMs: DEADLINE_MS },
  });
  if (!isReached(server)) return [`nobody can tell who uses it: ${server.reason}`];
  const clients = await server.tryAsk('client', 'list');
  server.close();
  const keys = keysIn(primary.info);
  const strangers = clients.ok ? strangersIn(String(clients.value), hasOwnLoopback) : [];
  return [
    ...(keys > MAX_KEYS
      ? [`it holds ${String(keys)} keys, and more than ${String(MAX_KEYS)}`]
      : []),
    ...(clients.ok ? [] : [`nobody can tell who its clients are: ${clients.reason}`]),
    ...(strangers.length > 0
      ? [`${String(strangers.length)} clients are connected that are not ours`]
      : []),
  ];
}

function keysIn(info: Survey['nodes'][number]['info']): number {
  const counts = [...info].flatMap(([name, value]) =>
    /^db\d+$/.test(name) ? [Number(/^keys=(\d+)/.exec(value)?.[1] ?? 0)] : [],
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * The clients that are neither nodes, nor Sentinels, nor this program.
 *
 * @param hasOwnLoopback - whether those beside the node are no strangers either
 */
export function strangersIn(list: string, hasOwnLoopback = false): string[] {
  return list.split('\n').filter((line) => {
    const fields = new Map(
      line
        .trim()
        .split(' ')
        .map((field) => pairOf(field)),
    );
    const [flags = '', name = ''] = [fields.get('flags'), fields.get('name')];
    if (!fields.has('id')) return false;
    if (hasOwnLoopback && /^(127\.|\[?::1\]?:)/.test(fields.get('addr') ?? '')) return false;
    return !/[SM]/.test(flags) && !/^(sentinel-|nestjs-redis-ha-cli$)/.test(name);
  });
}

function pairOf(field: string): [string, string] {
  const at = field.indexOf('=');
  return at === -1 ? [field, ''] : [field.slice(0, at), field.slice(at + 1)];
}
