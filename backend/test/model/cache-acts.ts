import type { Claim, Reading } from '../../src/redis/keyspace/index.js';
import { CacheOracle, type Version } from './cache-oracle.js';
import type { Actor } from './actor.js';
import { MODEL } from './model-settings.js';
import type { Knowledge } from './acts.js';
import { bodyOf, draftOf, pick, type Op, type Scene } from './scene.js';
import { groupOf, keyOf } from './subjects.js';
import { nearIn } from '../support/decoded-view.js';

/** Values of this one live for a short time only. What they had replaced stays away after it. */
const BRIEF_KEY = 'k2';
export const BRIEF_MS = 1_500;
export const CACHE_KEYS = ['k0', 'k1', BRIEF_KEY];
const TAGS = ['t0', 't1'];
const FILLS = 40;
const MAX_FILLS = 12;

interface CacheActsOptions {
  readonly keys?: readonly string[];
  readonly maxLoadMs?: number;
  /** Whether Redis has a version. Not needed where nobody hears of changes. */
  readonly isInRedis?: (version: Version) => boolean;
}

/** Cached values: written, loaded with a lease and without, read, deleted by key and by tag. */
export class CacheActs {
  readonly oracle: CacheOracle;
  readonly ops: Readonly<Record<string, Op>>;
  readonly #scene: Scene;

  readonly #keys: readonly string[];
  readonly #maxLoadMs: number;

  constructor(scene: Scene, options: CacheActsOptions = {}) {
    const { keys = CACHE_KEYS, maxLoadMs = 200, isInRedis = () => false } = options;
    this.#scene = scene;
    this.#keys = keys;
    this.#maxLoadMs = maxLoadMs;
    this.oracle = new CacheOracle(scene.sureMs, isInRedis);
    this.ops = {
      set: (process, b, c) => this.#set(process, b, c),
      load: (process, b, c) => this.#load(process, b, c),
      loadAlone: (process, b, c) => this.#loadAlone(process, b, c),
      delete: (process, b) => this.#delete(process, b),
      dropTag: (process, b) => this.#dropTag(process, b),
      read: (process, b) => this.#read(process, b),
      near: (process, b) => this.#near(process, b),
      members: async (process, b) => {
        await process.cache.members(pick(TAGS, b));
      },
      fill: (process, b, c) => this.#fill(process, b, c),
    };
  }

  async #set(process: Actor, b: number, c: number): Promise<void> {
    await this.#write(process, this.#begin(b, c));
  }

  // As a cache loads that asks nobody: what is written or deleted meanwhile has a later stamp.
  async #loadAlone(process: Actor, b: number, c: number): Promise<void> {
    const stamp = process.cache.birth();
    const version = this.#begin(b, c, this.#scene.now);
    version.knownTo.add(process);
    await process.clock.sleep(Math.ceil(c * this.#maxLoadMs));
    await this.#write(process, version, { stamp });
  }

  // As a cache loads for all processes: reads, takes the lease, loads, writes, and gives the lease back.
  async #load(process: Actor, b: number, c: number): Promise<void> {
    const key = pick(this.#keys, b);
    const known = await this.#readOf(process, key);
    const seen = known.state === 'found' ? known.entry.stamp : null;
    const token = process.newToken();
    const askedAt = this.#scene.now;
    const actsBefore = this.#scene.acts.length;
    const claim = await process.cache.claim(key, { leaseMs: MODEL.leaseMs, seen, token });
    if (claim.state === 'changed')
      this.#judge(key, claim.reading, this.#scene.newKnowledge(process, actsBefore));
    else if (claim.state === 'alone') await this.#loadAlone(process, b, c);
    else if (claim.state === 'held') {
      const pauseMs = Math.ceil(c * MODEL.leaseMs);
      await process.cache.untilChanged(key, pauseMs, new AbortController().signal);
      await this.#readOf(process, key);
    } else await this.#loadLeased(process, { claim, askedAt }, { b, c });
  }

  async #loadLeased(
    process: Actor,
    { claim, askedAt }: { readonly claim: Claim & { state: 'granted' }; readonly askedAt: number },
    { b, c }: { readonly b: number; readonly c: number },
  ): Promise<void> {
    const { token, stamp } = claim;
    const version = this.#begin(b, c, this.#scene.now);
    version.knownTo.add(process);
    // It comes after what was there, whose calendar may have been ahead of that of Redis.
    const isByRedis = stamp.wallMs <= this.#scene.settings.redisTime();
    if (isByRedis) version.lease = { until: askedAt + MODEL.leaseMs };
    const { key } = version;
    for (let leftMs = Math.ceil(c * this.#maxLoadMs); leftMs > 0; leftMs -= MODEL.leaseMs / 2) {
      await process.clock.sleep(Math.min(leftMs, MODEL.leaseMs / 2));
      const renewedAt = this.#scene.now;
      const mayRenew = c < 0.7;
      const isOurs = mayRenew && (await process.cache.renew(key, token, MODEL.leaseMs));
      if (isOurs && version.lease !== null) version.lease = { until: renewedAt + MODEL.leaseMs };
    }
    await this.#write(process, version, { stamp });
    await process.cache.release(key, token);
  }

  async #delete(process: Actor, b: number): Promise<void> {
    const key = pick(this.#keys, b);
    const startedAt = this.#scene.now;
    const note = this.oracle.beginDelete(process, key, startedAt);
    const receipt = await process.cache.delete(key);
    if (receipt.outcome === 'superseded') return;
    note(this.#scene.note(process, receipt, keyOf(process.cache, key), startedAt));
  }

  async #dropTag(process: Actor, b: number): Promise<void> {
    const tag = pick(TAGS, b);
    const startedAt = this.#scene.now;
    const note = this.oracle.beginDrop(process, tag, startedAt);
    const receipt = await process.cache.dropGroup(tag);
    note(this.#scene.note(process, receipt, groupOf(process.cache, tag), startedAt));
  }

  async #read(process: Actor, b: number): Promise<void> {
    await this.#readOf(process, pick(this.#keys, b));
  }

  #near(process: Actor, b: number): void {
    const key = pick(this.#keys, b);
    const { now, settings } = this.#scene;
    this.#judge(key, nearIn(process.cache, key), {
      ...this.#scene.newKnowledge(process),
      knewAt: now - MODEL.nearMs - settings.lagMs,
      heardSince: this.#scene.heardSince(process),
    });
  }

  async #fill(process: Actor, b: number, c: number): Promise<void> {
    const count = 1 + Math.floor(c * MAX_FILLS);
    for (let i = 0; i < count; i++) {
      const key = `fill${String(Math.floor(b * FILLS + i) % FILLS)}`;
      await process.cache.write(key, draftOf('fill'));
    }
  }

  async #readOf(process: Actor, key: string): Promise<Reading> {
    const hears = this.#scene.heardSince(process);
    const { answer, knowledge } = await this.#scene.asking(process, () => process.cache.read(key));
    // Whoever hears of a change at once does not believe a replica that is behind it.
    const isHearing = knowledge.knewAt > -Infinity && this.#scene.heardSince(process) === hears;
    this.#judge(key, answer, isHearing ? { ...knowledge, heardSince: hears } : knowledge);
    return answer;
  }

  #begin(b: number, c: number, loadedFrom?: number): Version {
    const tags = c < 0.3 ? [] : c < 0.8 ? ['t0'] : TAGS;
    return this.oracle.begin(pick(this.#keys, b), tags, loadedFrom);
  }

  async #write(
    process: Actor,
    version: Version,
    how: Parameters<Actor['cache']['write']>[2] = {},
  ): Promise<void> {
    const { key, name, tags, loadedFrom } = version;
    // A load has a deadline, which comes long before a tombstone is forgotten.
    if (this.#scene.now - loadedFrom > MODEL.maxAgeMs / 2) return;
    const draft = draftOf(name, tags, key === BRIEF_KEY ? BRIEF_MS : null);
    const { outcome } = await process.cache.write(key, draft, how);
    version.writtenAt = this.#scene.now;
    if (outcome === 'superseded') return;
    version.knownTo.add(process);
    if (outcome === 'stored') version.isStored = true;
  }

  #judge(key: string, reading: Reading | null, knowledge: Knowledge): void {
    const body = bodyOf(reading);
    if (body === null || knowledge.by.isOver) return;
    this.#scene.blame(this.oracle.read(key, body, knowledge));
  }
}
