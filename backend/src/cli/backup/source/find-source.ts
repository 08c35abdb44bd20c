import { addressKey, formatAddress, type NodeAddress } from '../../../redis/base/address/index.js';
import { safeMessage } from '../../../redis/base/errors/index.js';
import type { ResolvedRedisOptions } from '../../../redis/config/index.js';
import { BackupError } from '../backup-error.js';
import { NodeLink, type Reply } from '../../node-link/index.js';

/** Which node may be asked for its data. */
export interface SourceOptions {
  /** This one, and no other; `null` for the replica that is nearest to the primary. */
  readonly from: NodeAddress | null;
  /** Whether a primary will do. Making a snapshot takes its memory and time from those who use it. */
  readonly mayBePrimary: boolean;
  /** A replica that is further behind is not in sync. */
  readonly maxBehindBytes: number;
}

/** The nodes of a cluster, as its Sentinels know them. */
interface Members {
  readonly primary: NodeAddress;
  readonly replicas: readonly NodeAddress[];
}

type SentinelAccess = Extract<ResolvedRedisOptions, { mode: 'sentinel' }>['sentinel'];

/** A replica hears from its primary each second; one that has not heard for so long does not know what it lacks. */
const MAX_SILENT_SECONDS = 10;

/** A node that may be asked for its data. */
export interface Source {
  readonly link: NodeLink;
  /** The id of the history that the present one goes on from; empty where there is none. */
  readonly previous: string;
}

/** A node that is fit. */
interface Fit extends Source {
  readonly behind: number;
}

/** What a primary says of itself. */
type PrimaryFacts = Pick<Source, 'previous'> & { readonly offset: number };

/** Connects to the node that a backup is taken from. @throws {@link BackupError} `NO_SOURCE` that says of each why not. */
export async function openSource(
  options: ResolvedRedisOptions,
  source: SourceOptions,
  signal: AbortSignal,
): Promise<Source> {
  const { from } = source;
  const members =
    from === null ? await membersOf(options, signal) : { primary: null, replicas: [from] };
  const { primary, replicas } = members;
  const facts = primary === null ? null : await factsOfPrimary(primary, options, signal);
  const reasons: string[] = [];
  const fit: Fit[] = [];
  for (const address of replicas) {
    try {
      fit.push(await lookAt(address, options, { ...source, facts, signal }));
    } catch (error) {
      reasons.push(`${formatAddress(address)}: ${safeMessage(error)}`);
    }
  }
  const [nearest, ...others] = fit.sort((a, b) => a.behind - b.behind);
  for (const { link } of others) link.close();
  if (nearest !== undefined) return nearest;
  const why = reasons.length === 0 ? 'the Sentinels know no replica' : reasons.join('; ');
  throw new BackupError(
    'NO_SOURCE',
    `no node can be asked for its data: ${why}`,
    'Bring a replica back into sync (docs/operations/troubleshooting.md), or name a node with --from',
  );
}

interface Looking extends SourceOptions {
  readonly facts: PrimaryFacts | null;
  readonly signal: AbortSignal;
}

async function lookAt(
  address: NodeAddress,
  { node }: ResolvedRedisOptions,
  { mayBePrimary, maxBehindBytes, facts, signal }: Looking,
): Promise<Fit> {
  const link = await NodeLink.open(address, node, signal);
  try {
    const info = await link.info('replication');
    if (info.get('role') === 'master') {
      if (!mayBePrimary) throw unfit('it is a primary; allow that with --allow-primary');
      return { link, behind: 0, previous: previousIn(info) };
    }
    requireSync(info);
    const behind = (facts?.offset ?? 0) - Number(info.get('slave_repl_offset'));
    if (behind > maxBehindBytes) throw unfit(`it is ${String(behind)} bytes behind`);
    // A replica that had to copy everything does not know what was before; its primary does.
    return { link, behind, previous: facts?.previous ?? previousIn(info) };
  } catch (error) {
    link.close();
    throw error;
  }
}

function requireSync(info: ReadonlyMap<string, string>): void {
  if (info.get('master_link_status') !== 'up') throw unfit('it has no link to its primary');
  if (info.get('master_sync_in_progress') === '1') throw unfit('it is still getting its data');
  const silent = Number(info.get('master_last_io_seconds_ago') ?? -1);
  if (silent > MAX_SILENT_SECONDS) {
    throw unfit(`it has heard nothing of its primary for ${String(silent)} s`);
  }
}

function unfit(message: string): BackupError {
  return new BackupError('NO_SOURCE', message, 'Bring it back into sync');
}

// The offset is asked for before the replicas are, so that none of them seems ahead.
async function factsOfPrimary(
  address: NodeAddress,
  { node }: ResolvedRedisOptions,
  signal: AbortSignal,
): Promise<PrimaryFacts> {
  const link = await NodeLink.open(address, node, signal);
  try {
    const info = await link.info('replication');
    return { offset: Number(info.get('master_repl_offset')), previous: previousIn(info) };
  } finally {
    link.close();
  }
}

function previousIn(info: ReadonlyMap<string, string>): string {
  const id = info.get('master_replid2') ?? '';
  return /^0*$/.test(id) ? '' : id;
}

/** The primary, as the Sentinels name it, or the one Redis. */
export async function primaryOf(
  options: ResolvedRedisOptions,
  signal: AbortSignal,
): Promise<NodeAddress> {
  if (options.mode === 'standalone') return options.address;
  return (await membersOf(options, signal)).primary;
}

async function membersOf(options: ResolvedRedisOptions, signal: AbortSignal): Promise<Members> {
  if (options.mode !== 'sentinel') {
    throw new BackupError(
      'SETTINGS_INVALID',
      'without Sentinels nobody says which nodes there are',
      'Set REDIS_SENTINELS, or name a node with --from, and add --allow-primary where there is but one',
    );
  }
  const { sentinel } = options;
  const views = await Promise.all(
    sentinel.nodes.map((node) => askSentinel(node, sentinel, signal)),
  );
  const known = views.filter((view) => view !== null).sort((a, b) => b.epoch - a.epoch);
  const [latest] = known;
  if (latest !== undefined) return latest;
  throw new BackupError(
    'NO_SOURCE',
    `none of ${String(views.length)} Sentinels says who is the primary of ${sentinel.masterName}`,
    'Start them, or name a node with --from or --to',
  );
}

async function askSentinel(
  address: NodeAddress,
  sentinel: SentinelAccess,
  signal: AbortSignal,
): Promise<(Members & { epoch: number }) | null> {
  try {
    const link = await NodeLink.open(address, sentinel, signal);
    try {
      const primary = pairsOf(await link.ask('SENTINEL', 'MASTER', sentinel.masterName));
      const replicas = await link.ask('SENTINEL', 'REPLICAS', sentinel.masterName);
      const own = sentinel.mapAddress(placeIn(primary));
      const others = (replicas as readonly Reply[])
        .map((reply) => sentinel.mapAddress(placeIn(pairsOf(reply))))
        .filter((replica) => addressKey(replica) !== addressKey(own));
      return { primary: own, replicas: others, epoch: Number(primary.get('config-epoch')) };
    } finally {
      link.close();
    }
  } catch {
    return null;
  }
}

function pairsOf(reply: Reply): ReadonlyMap<string, string> {
  const words = Array.isArray(reply) ? reply.map(String) : [];
  return new Map(words.flatMap((word, i) => (i % 2 === 0 ? [[word, words[i + 1] ?? '']] : [])));
}

function placeIn(fields: ReadonlyMap<string, string>): NodeAddress {
  return { host: fields.get('ip') ?? '', port: Number(fields.get('port')) };
}
