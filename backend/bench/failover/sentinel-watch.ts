import type { RedisTestCluster, RespClient, RespValue } from '../../src/redis/testing/index.js';
import { now, sleep } from '../common/clock.js';

/** One message of one Sentinel. */
export interface SentinelNews {
  readonly at: number;
  readonly sentinel: string;
  readonly channel: string;
  readonly text: string;
}

/** Listens to all Sentinels, independently of the clients: what it hears first is when the news was out. */
export class SentinelWatch {
  readonly news: SentinelNews[] = [];
  private readonly connections: RespClient[] = [];

  private constructor(private readonly group: string) {}

  /** Subscribes to every Sentinel of the cluster. */
  static async start(cluster: RedisTestCluster, group: string): Promise<SentinelWatch> {
    const watch = new SentinelWatch(group);
    for (const sentinel of cluster.sentinels()) {
      const connection = await sentinel.connect({
        onPush: (message) => {
          watch.hear(sentinel.name, message);
        },
      });
      await connection.command(['PSUBSCRIBE', '*']);
      watch.connections.push(connection);
    }
    return watch;
  }

  /** When the first Sentinel named another primary of the group, at or after `since`; `null` when none did. */
  switchedAt(since: number): number | null {
    const first = this.news.find(
      ({ at, channel, text }) =>
        at >= since && channel === '+switch-master' && text.startsWith(`${this.group} `),
    );
    return first?.at ?? null;
  }

  /** Resolves when the first Sentinel names another primary. */
  async untilSwitched(since: number, timeoutMs = 40_000): Promise<number> {
    for (;;) {
      const at = this.switchedAt(since);
      if (at !== null) return at;
      if (now() > since + timeoutMs) throw new Error('no Sentinel named another primary');
      await sleep(5);
    }
  }

  stop(): void {
    for (const connection of this.connections) connection.close();
  }

  private hear(sentinel: string, message: RespValue): void {
    if (!Array.isArray(message)) return;
    const [kind, , channel, text] = (message as readonly RespValue[]).map(String);
    if (kind !== 'pmessage' || channel === undefined || text === undefined) return;
    this.news.push({ at: now(), sentinel, channel, text });
  }
}
