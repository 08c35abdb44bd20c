import { Readable } from 'node:stream';
import type { Encoding } from '../cluster/connection/index.js';
import {
  MEMBER_SCAN_OPTIONS,
  type MemberScanOptions,
  scan,
  SCAN_OPTIONS,
  type ScanOptions,
  type ScanSource,
} from '../commands/index.js';
import { RedisCommandSet } from './command-set.js';
import type { RedisEngine } from './redis-engine.js';

type Pages<T> = AsyncGenerator<T[], void, undefined>;
type MemberCommand = 'hscan' | 'sscan' | 'zscan';

/**
 * The commands, and scans over all keys or over the members of one, as iterators and as streams. Each step
 * gives a list. Every item is seen at least once; after a failover some are seen twice.
 */
export class RedisScans extends RedisCommandSet {
  readonly #engine: RedisEngine;

  constructor(engine: RedisEngine) {
    super(engine, null);
    this.#engine = engine;
  }

  /** Scans all keys, step by step. */
  scanIterator(options: ScanOptions = {}): Pages<string> {
    return this.#keys(options, 'utf8');
  }

  /** Like {@link RedisScans.scanIterator}, with keys as Buffers. */
  scanIteratorBuffer(options: ScanOptions = {}): Pages<Buffer> {
    return this.#keys(options, null);
  }

  /** Scans the members of a hash, set or sorted set. For hashes and sorted sets it yields name, value, name, value. */
  scanMembers(
    command: MemberCommand,
    key: string | Buffer,
    options: MemberScanOptions = {},
  ): Pages<string> {
    return this.#members({ command, key }, options, 'utf8');
  }

  /** Like {@link RedisScans.scanMembers}, with members as Buffers. */
  scanMembersBuffer(
    command: MemberCommand,
    key: string | Buffer,
    options: MemberScanOptions = {},
  ): Pages<Buffer> {
    return this.#members({ command, key }, options, null);
  }

  /** The same as a stream of lists, for code that was written for ioredis. */
  scanStream(options: ScanOptions = {}): Readable {
    return Readable.from(this.#keys(options, 'utf8'));
  }

  /** Like {@link RedisScans.scanStream}, with keys as Buffers. */
  scanBufferStream(options: ScanOptions = {}): Readable {
    return Readable.from(this.#keys(options, null));
  }

  /** Scans the fields and values of a hash, as a stream of lists. */
  hscanStream(key: string | Buffer, options: MemberScanOptions = {}): Readable {
    return Readable.from(this.#members({ command: 'hscan', key }, options, 'utf8'));
  }

  /** Like {@link RedisScans.hscanStream}, with Buffers. */
  hscanBufferStream(key: string | Buffer, options: MemberScanOptions = {}): Readable {
    return Readable.from(this.#members({ command: 'hscan', key }, options, null));
  }

  /** Scans the members of a set, as a stream of lists. */
  sscanStream(key: string | Buffer, options: MemberScanOptions = {}): Readable {
    return Readable.from(this.#members({ command: 'sscan', key }, options, 'utf8'));
  }

  /** Like {@link RedisScans.sscanStream}, with Buffers. */
  sscanBufferStream(key: string | Buffer, options: MemberScanOptions = {}): Readable {
    return Readable.from(this.#members({ command: 'sscan', key }, options, null));
  }

  /** Scans the members and scores of a sorted set, as a stream of lists. */
  zscanStream(key: string | Buffer, options: MemberScanOptions = {}): Readable {
    return Readable.from(this.#members({ command: 'zscan', key }, options, 'utf8'));
  }

  /** Like {@link RedisScans.zscanStream}, with Buffers. */
  zscanBufferStream(key: string | Buffer, options: MemberScanOptions = {}): Readable {
    return Readable.from(this.#members({ command: 'zscan', key }, options, null));
  }

  // Checked before the first step: a scan with a mistyped pattern would go through everything.
  async *#keys<E extends Encoding>(options: ScanOptions, encoding: E) {
    SCAN_OPTIONS.check(options);
    yield* scan({ command: 'scan' }, options, encoding, this.#engine.connected);
  }

  async *#members<E extends Encoding>(source: ScanSource, options: MemberScanOptions, encoding: E) {
    MEMBER_SCAN_OPTIONS.check(options);
    yield* scan(source, options, encoding, this.#engine.connected);
  }
}
