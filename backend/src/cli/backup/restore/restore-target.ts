import { createHash } from 'node:crypto';
import { formatAddress } from '../../../redis/base/address/index.js';
import { BackupError } from '../backup-error.js';
import type { BackupHeader } from '../file/backup-header.js';
import { type NodeLink, RedisRefusal, type Reply } from '../../node-link/index.js';
import type { Placed } from './key-placer.js';
import { PUT_BACK } from './put-back-script.js';

/** What became of a key. */
export type PutBack = 'restored' | 'kept' | 'ended';

const OUTCOMES: readonly PutBack[] = ['kept', 'restored', 'ended'];
const MAX_UNDER_WAY = 256;
const MAX_BYTES_UNDER_WAY = 4 * 2 ** 20;
const REPLICAS_WITHIN_MS = 30_000;
const SHA = createHash('sha1').update(PUT_BACK).digest('hex');

/** The primary that a backup is restored into. */
export class RestoreTarget {
  readonly #link: NodeLink;
  readonly #count: (outcome: PutBack) => void;
  #db = 0;
  #underWay = 0;
  #bytes = 0;

  constructor(link: NodeLink, count: (outcome: PutBack) => void) {
    this.#link = link;
    this.#count = count;
  }

  /** @throws {@link BackupError} with the reason when it cannot take the backup. Nothing was changed then. */
  async check({ usedBytes, rdbVersion }: BackupHeader, mayHold: boolean): Promise<void> {
    const info = await this.#link.info('replication', 'memory', 'keyspace');
    if (info.get('role') !== 'master') {
      throw this.#unfit('is a replica', 'Name its primary with --to');
    }
    const held = [...info]
      .filter(([name]) => /^db\d+$/.test(name))
      .map(([name, of]) => `${name}: ${of}`);
    if (held.length > 0 && !mayHold) {
      throw this.#unfit(
        `is not empty (${held.join('; ')})`,
        'Give a fresh cluster; or add --merge: what it holds stays, and the rest comes from the backup',
      );
    }
    const most = Number(info.get('maxmemory') ?? 0);
    if (most > 0 && usedBytes > most) {
      throw this.#unfit(
        `may use ${String(most)} bytes of memory, and the data took ${String(usedBytes)}`,
        'Raise maxmemory on its nodes',
      );
    }
    await this.#requireVersion(rdbVersion);
    await this.#link.ask('SCRIPT', 'LOAD', PUT_BACK);
  }

  // A server says its version of the format only with a value that it hands out.
  async #requireVersion(wanted: number): Promise<void> {
    const dump = await this.#link.ask('EVAL', PROBE, '1', '{nestjs-redis-ha}:restoring');
    const known =
      Buffer.isBuffer(dump) && dump.length > 10 ? dump.readUInt16LE(dump.length - 10) : 0;
    if (wanted <= known) return;
    throw new BackupError(
      'NEWER',
      `it has the format ${String(wanted)}, and ${formatAddress(this.#link.address)} knows the format ${String(known)}`,
      'Restore into servers of the version that it was taken from, or a later one',
    );
  }

  /** Puts a key back. The answer is counted when it comes. */
  async put(db: number, { keys, args }: Placed): Promise<void> {
    if (db !== this.#db) {
      await this.settle();
      await this.#link.ask('SELECT', String(db));
      this.#db = db;
    }
    this.#link.send(['EVALSHA', SHA, String(keys.length), ...keys, ...args]);
    this.#underWay++;
    this.#bytes += args.reduce((sum, { length }) => sum + length, 0);
    if (this.#underWay >= MAX_UNDER_WAY || this.#bytes >= MAX_BYTES_UNDER_WAY) await this.settle();
  }

  /** Waits for all answers. @throws {@link BackupError} with the first refusal. */
  async settle(): Promise<void> {
    let refusal: RedisRefusal | null = null;
    for (; this.#underWay > 0; this.#underWay--) {
      const reply: Reply = await this.#link.reader.reply();
      if (reply instanceof RedisRefusal) refusal ??= reply;
      else this.#count(OUTCOMES[Number(reply)] ?? 'kept');
    }
    this.#bytes = 0;
    if (refusal !== null) throw this.#refused(refusal);
  }

  /** Loads functions, unless they are there. */
  async putFunctions(code: Buffer): Promise<void> {
    await this.settle();
    await this.#link.tell('FUNCTION', 'LOAD', code);
  }

  /** Waits until the replicas have everything. Returns how many of how many do. */
  async untilReplicated(): Promise<{ readonly replicas: number; readonly of: number }> {
    await this.settle();
    const of = Number((await this.#link.info('replication')).get('connected_slaves') ?? 0);
    this.#link.silentAfter(2 * REPLICAS_WITHIN_MS);
    const replicas = Number(await this.#link.ask('WAIT', String(of), String(REPLICAS_WITHIN_MS)));
    return { replicas: Math.min(replicas, of), of };
  }

  #unfit(what: string, remedy: string): BackupError {
    return new BackupError('TARGET_UNFIT', `${formatAddress(this.#link.address)} ${what}`, remedy);
  }

  #refused({ message }: RedisRefusal): BackupError {
    return this.#unfit(
      `refuses what is restored: ${message}`,
      'See to the reason, then restore once more with --merge: what is there already stays',
    );
  }
}

const PROBE = `
redis.call('SET', KEYS[1], '')
local dump = redis.call('DUMP', KEYS[1])
redis.call('DEL', KEYS[1])
return dump`;
