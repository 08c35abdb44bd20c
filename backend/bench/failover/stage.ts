import type { ClientKind } from '../clients/bench-client.js';
import type { RedisTestCluster, RedisTestNode } from '../../src/redis/testing/index.js';
import { now, sleep, sleepUntil } from '../common/clock.js';
import type { Child } from '../common/child.js';
import { finding, type Finding } from '../common/finding.js';
import type { ExtraAccount, ExtraOrder } from './client-process.js';
import type { SentinelWatch } from './sentinel-watch.js';

/** What happened, on the clock of all. */
export interface Times {
  /** The fault was injected. */
  faultAt: number;
  /** Whatever was away could be used again, in scenarios without a switch. */
  backAt: number | null;
}

const LOOK_EVERY_MS = 10;
const TAIL_MS = 8000;
const SHORT_TAIL_MS = 4000;

/** What a scenario plays on: it injects faults, waits for their consequences and notes when they were. */
export class Stage {
  readonly times: Times = { faultAt: NaN, backAt: null };
  readonly notes: string[] = [];
  /** What of ours was promised and seen besides what every scenario measures. */
  readonly findings: Finding[] = [];

  constructor(
    readonly cluster: RedisTestCluster,
    readonly watch: SentinelWatch,
    readonly clients: ReadonlyMap<ClientKind, Child>,
  ) {}

  /** Injects the fault that everything is measured from. */
  async fault<T>(work: () => T | Promise<T>): Promise<T> {
    this.times.faultAt = now();
    return work();
  }

  /** Waits until so long after the fault. */
  afterFault(ms: number): Promise<void> {
    return sleepUntil(this.times.faultAt + ms);
  }

  /** Waits for the switch, and for the clients to settle. */
  async untilSwitched(): Promise<void> {
    await this.watch.untilSwitched(this.times.faultAt);
  }

  /** Gives the clients time to recover from the switch, or from what came last if that is later. */
  async tail(): Promise<void> {
    const switchedAt = this.watch.switchedAt(this.times.faultAt) ?? -Infinity;
    const backAt = this.times.backAt ?? -Infinity;
    const settledAt = Math.max(switchedAt, backAt) + TAIL_MS;
    await sleepUntil(Math.max(settledAt, now() + SHORT_TAIL_MS));
  }

  /** Waits until the node is a replica, and notes when that was. */
  async untilReplica(node: RedisTestNode, timeoutMs = 40_000): Promise<void> {
    await this.until(`${node.name} is a replica`, timeoutMs, async () => {
      return (await node.role()) === 'replica';
    });
  }

  /** Waits until there is one primary and all others that run are replicas in step with it. */
  async untilSettled(): Promise<void> {
    await this.until('all replicas are in step', 60_000, async () => {
      const primary = await this.cluster.currentPrimary();
      const infos = await Promise.all(
        [primary, ...this.cluster.replicas()].map((node) => node.info('replication')),
      );
      const [ofPrimary, ...ofReplicas] = infos;
      const isInStep = (info: ReadonlyMap<string, string>): boolean =>
        info.get('master_port') === String(primary.address.port) &&
        info.get('master_link_status') === 'up';
      return ofPrimary?.get('role') === 'master' && ofReplicas.every(isInStep);
    });
  }

  /** Waits until the node accepts a write of nobody's client, and notes that moment as `backAt`. */
  async untilWritable(node: () => RedisTestNode | Promise<RedisTestNode>): Promise<void> {
    await this.until('writes are accepted', 60_000, async () => {
      const target = await node();
      await target.command('SET', 'bench:probe', '1');
      return true;
    });
    this.times.backAt = now();
  }

  /** Looks until it is so, and notes when that was. */
  async until(what: string, timeoutMs: number, look: () => Promise<boolean>): Promise<void> {
    const giveUpAt = now() + timeoutMs;
    for (;;) {
      if (await look().catch(() => false)) break;
      if (now() > giveUpAt) throw new Error(`waited in vain until ${what}`);
      await sleep(LOOK_EVERY_MS);
    }
    this.note(what);
  }

  /** Has ours run a command besides its load, and notes what became of it. */
  async ours(what: string, order: ExtraOrder): Promise<ExtraAccount> {
    const ours = this.clients.get('ours');
    if (ours === undefined)
      throw new Error(`only ours takes part in ${what}: name it in --clients`);
    const account = await ours.call<ExtraAccount>('extra', order);
    const outcomes = Object.entries(account.outcomes).map(([code, n]) => `${String(n)} × ${code}`);
    this.note(`${what}: ${outcomes.join(', ')}; the last after ${account.longestMs.toFixed(0)} ms`);
    return account;
  }

  /** Notes a promise of ours, and whether it was kept. */
  check(isKept: boolean, text: string): void {
    this.findings.push(finding(isKept, text));
  }

  /** What was away can be used from now on. */
  isBack(): void {
    this.times.backAt = now();
    this.note('it is over');
  }

  /** Notes that something is so now. */
  note(what: string): void {
    const at = (now() - this.times.faultAt) / 1000;
    this.notes.push(`${at.toFixed(2)} s: ${what}`);
  }
}
