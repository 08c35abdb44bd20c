import type { Redis } from 'ioredis';
import { newNotes, type BenchClient, type ClusterPlace } from './bench-client.js';
import { openIoredis, sentinelOptions, type IoredisOptions } from './ioredis-plain.js';

/** What an experienced user sets. */
const TUNING: IoredisOptions = {
  failoverDetector: true,
  sentinelCommandTimeout: 500,
  connectTimeout: 1000,
  commandTimeout: 1000,
  maxRetriesPerRequest: 2,
  // 2: reconnect, and send the refused command again.
  reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
  retryStrategy: (attempt) => Math.min(50 * 2 ** (attempt - 1), 500),
  sentinelReconnectStrategy: () => 1000,
};

/** ioredis as well as it can be set up by hand: writes to the primary, reads from a replica with a way back. */
export class TunedIoredisClient implements BenchClient {
  readonly notes = newNotes();
  private readonly primary: Redis;
  private readonly replica: Redis;

  constructor(place: ClusterPlace) {
    const options = { ...sentinelOptions(place, 'tuned'), ...TUNING };
    this.primary = openIoredis(options, this.notes);
    this.replica = openIoredis({ ...options, role: 'slave' }, this.notes);
  }

  async connect(): Promise<void> {
    await Promise.all([this.primary.connect(), this.replica.connect()]);
  }

  set(key: string, value: string): Promise<unknown> {
    return this.primary.set(key, value);
  }

  get(key: string): Promise<unknown> {
    return this.replica.get(key).catch(() => this.primary.get(key));
  }

  incr(key: string): Promise<unknown> {
    return this.primary.incr(key);
  }

  async close(): Promise<void> {
    this.primary.disconnect();
    this.replica.disconnect();
  }
}
