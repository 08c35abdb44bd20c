import { TestClusterError } from '../../base/errors/index.js';
import { type RedisTestNode } from './redis-test-node.js';
import { textOfValue, type RespValue } from '../net/resp-codec.js';

/** The fields Sentinel gives for one instance, such as `flags` and `port`. */
export type SentinelFields = ReadonlyMap<string, string>;

/** What one Sentinel says about one group. */
export interface SentinelView {
  /** Name of the Sentinel that was asked. */
  readonly sentinel: string;
  /** Its fields for the primary. */
  readonly primary: SentinelFields;
  /** Where it sends clients that ask for the primary. */
  readonly primaryPort: number;
  readonly epoch: number;
  readonly replicas: readonly SentinelFields[];
  readonly otherSentinels: readonly SentinelFields[];
  /** The answer to `SENTINEL CKQUORUM`. */
  readonly quorum: string;
}

/** The primary that one Sentinel names, and its epoch. */
export type PrimaryView = Pick<SentinelView, 'epoch' | 'primaryPort'>;

const LOOK_DEADLINE_MS = 500;

/** Asks one Sentinel where the primary of the group is. */
export async function viewPrimary(sentinel: RedisTestNode, group: string): Promise<PrimaryView> {
  const client = await sentinel.connect({ deadlineMs: LOOK_DEADLINE_MS });
  try {
    // Both at once. The leader of a failover shows the new epoch with the old address under SENTINEL MASTER
    // until it is through; GET-MASTER-ADDR-BY-NAME has the new address from the same moment as the epoch.
    const [fields, address] = await Promise.all([
      client.command(['SENTINEL', 'MASTER', group]),
      client.command(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', group]),
    ]);
    return { epoch: Number(toFields(fields).get('config-epoch')), primaryPort: portOf(address) };
  } finally {
    client.close();
  }
}

/** Asks one Sentinel everything it knows about the group. */
export async function viewGroup(sentinel: RedisTestNode, group: string): Promise<SentinelView> {
  const client = await sentinel.connect({ deadlineMs: LOOK_DEADLINE_MS });
  try {
    const ask = (command: string): Promise<RespValue> =>
      client.command(['SENTINEL', command, group]);
    const [primary, address, replicas, otherSentinels, quorum] = await Promise.all([
      ask('MASTER'),
      ask('GET-MASTER-ADDR-BY-NAME'),
      ask('REPLICAS'),
      ask('SENTINELS'),
      ask('CKQUORUM').catch((error: unknown) => (error instanceof Error ? error.message : '')),
    ]);
    const fields = toFields(primary);
    return {
      sentinel: sentinel.name,
      primary: fields,
      primaryPort: portOf(address),
      epoch: Number(fields.get('config-epoch')),
      replicas: toList(replicas),
      otherSentinels: toList(otherSentinels),
      quorum: textOfValue(quorum),
    };
  } finally {
    client.close();
  }
}

/** Returns why this view of the group is not complete or not healthy; empty when it is both. */
export function problemsOfView(
  view: SentinelView,
  expected: {
    readonly primaryPort: number;
    readonly replicaPorts: readonly number[];
    readonly otherSentinels: number;
  },
): string[] {
  const problems: string[] = [];
  if (view.primaryPort !== expected.primaryPort) {
    problems.push(`takes port ${String(view.primaryPort)} for the primary`);
  }
  if (view.primary.get('flags') !== 'master') {
    problems.push(`shows the primary as ${view.primary.get('flags') ?? 'unknown'}`);
  }
  for (const port of expected.replicaPorts) {
    problems.push(...problemsOfReplica(view, { port, primaryPort: expected.primaryPort }));
  }
  const strangers = view.replicas.length - expected.replicaPorts.length;
  if (strangers > 0) problems.push(`still lists ${String(strangers)} replicas that are gone`);
  const known = view.otherSentinels.filter(isInTouch).length;
  if (known !== expected.otherSentinels || view.otherSentinels.length !== known) {
    problems.push(
      `is in touch with ${String(known)} other Sentinels, not ${String(expected.otherSentinels)}`,
    );
  }
  if (!view.quorum.startsWith('OK')) problems.push(`has no quorum: ${view.quorum}`);
  return problems.map((problem) => `${view.sentinel} ${problem}`);
}

/** Returns why this Sentinel does not list the replica as healthy; empty when it does. */
export function problemsOfReplica(
  view: SentinelView,
  replica: { readonly port: number; readonly primaryPort: number },
): string[] {
  const fields = view.replicas.find((entry) => Number(entry.get('port')) === replica.port);
  const name = `the replica on port ${String(replica.port)}`;
  if (fields === undefined) return [`does not list ${name}`];
  const flags = fields.get('flags') ?? '';
  if (flags !== 'slave') return [`shows ${name} as ${flags}`];
  // A Sentinel that last saw it as a primary makes it a replica again as soon as a failover promotes it.
  const role = fields.get('role-reported') ?? 'slave';
  if (role !== 'slave') return [`has last seen ${name} as ${role}`];
  const link = fields.get('master-link-status') ?? '';
  if (link !== 'ok') return [`shows ${name} with its link ${link}`];
  if (Number(fields.get('master-port')) !== replica.primaryPort) {
    return [`shows ${name} following port ${fields.get('master-port') ?? ''}`];
  }
  return [];
}

// Sentinel keeps the flag 'master_down' for five seconds after that primary was replaced, so it is ignored.
function isInTouch(fields: SentinelFields): boolean {
  const flags = (fields.get('flags') ?? '').split(',');
  return flags.every((flag) => flag === 'sentinel' || flag === 'master_down');
}

function toFields(reply: RespValue | undefined): SentinelFields {
  const fields = new Map<string, string>();
  if (!Array.isArray(reply)) return fields;
  const items = reply as readonly RespValue[];
  for (let i = 0; i + 1 < items.length; i += 2)
    fields.set(textOfValue(items[i]), textOfValue(items[i + 1]));
  return fields;
}

function toList(reply: RespValue): SentinelFields[] {
  return Array.isArray(reply) ? (reply as readonly RespValue[]).map(toFields) : [];
}

function portOf(address: RespValue): number {
  if (Array.isArray(address)) return Number((address as readonly RespValue[])[1]);
  throw new TestClusterError('The Sentinel does not know a group of this name.');
}
