import { HeldWrites } from '../../src/redis/keyspace/journal/held-writes.js';
import {
  classOf,
  isDelete,
  type JournalRecord,
} from '../../src/redis/keyspace/journal/disk/journal-log.js';
import { unconditional } from '../../src/redis/keyspace/journal/disk/right-to-create.js';
import { OwnWrites } from '../../src/redis/keyspace/journal/own-writes.js';
import { graveOf } from '../../src/redis/keyspace/journal/ended-writes.js';
import { KeyspaceWrites } from '../../src/redis/keyspace/keyspace-writes.js';
import { NearCopies } from '../../src/redis/keyspace/near-copies.js';
import { OwnKnowledge } from '../../src/redis/keyspace/own-knowledge.js';
import { MemoryRecord } from '../../src/redis/keyspace/store/memory-records.js';
import { MemoryStore } from '../../src/redis/keyspace/store/memory-store.js';
import { RedisStore } from '../../src/redis/keyspace/store/redis-store.js';
import { InMemoryPort } from '../support/redis-in-memory/in-memory-port.js';
import { replaceMethod } from '../support/replace-method.js';
import { MODEL } from './model-settings.js';
import { BASE_MS } from './process-clock.js';

type Restore = () => void;

const asValue = (record: JournalRecord): JournalRecord =>
  record.kind === 'write' && !isDelete(record) ? { ...record, class: 'value' } : record;

/** A mistake that the library once made. */
interface Relapse {
  /** Puts it back, until that is called off. */
  readonly putBack: () => Restore;
  /** Histories in which it shows soon: of what it takes, and little else. The others find it too, after longer. */
  readonly weights: Readonly<Record<string, number>>;
}

/**
 * A mistake that shows in a cut of hours only: where Redis has lost the end of a session with the session itself, a
 * change that was made before that begins it again.
 */
export const LONG_CUT_RELAPSES: Readonly<Record<string, Relapse['putBack']>> = {
  'a change is journaled without its base': () =>
    replaceMethod(
      OwnWrites.prototype,
      'append',
      (real) =>
        function (this: OwnWrites, record) {
          if (record.kind === 'drop') return real.call(this, record);
          return real.call(this, { ...record, write: unconditional(record.write) });
        },
    ),
};

/** How often Redis is away for a process, and is back. */
const AWAY = { cut: 4, reach: 5, wait: 3 };

export const RELAPSES: Readonly<Record<string, Relapse>> = {
  'an end of all is dated when Redis comes to it, however late': {
    weights: { freeze: 4, cut: 2, reach: 5, wait: 4, login: 6, logoutAll: 6, readSession: 3 },
    putBack: () =>
      replaceMethod(
        InMemoryPort.prototype,
        'run',
        (real) =>
          function (this: InMemoryPort, name, args, options) {
            const isMark =
              String(args[2]).endsWith(':mark') && String(args[3]).endsWith(':members');
            return real.call(this, name, isMark ? [...args.slice(0, -1), ''] : args, options);
          },
      ),
  },
  'an end is forgotten as soon as the end of a cached value, and a change begins anew': {
    weights: { ...AWAY, login: 4, change: 8, logout: 4, logoutAll: 2, waitLong: 4 },
    putBack: () => {
      const restores = [
        replaceMethod(
          KeyspaceWrites.prototype,
          'delete',
          (real) =>
            function (this: KeyspaceWrites, key, options = {}) {
              return real.call(this, key, { ...options, keepMs: MODEL.maxAgeMs });
            },
        ),
        replaceMethod(
          KeyspaceWrites.prototype,
          'drop',
          (real) =>
            function (this: KeyspaceWrites, group, options = {}) {
              return real.call(this, group, { ...options, keepMs: MODEL.maxAgeMs });
            },
        ),
        replaceMethod(
          OwnWrites.prototype,
          'append',
          (real) =>
            function (this: OwnWrites, record) {
              if (record.kind === 'drop') return real.call(this, record);
              return real.call(this, { ...record, write: unconditional(record.write) });
            },
        ),
      ];
      return () => {
        for (const restore of restores) restore();
      };
    },
  },
  'what is too old for the journal takes away what it had replaced': {
    weights: { ...AWAY, login: 4, change: 8, waitLong: 4 },
    putBack: () => {
      const old = new WeakSet<object>();
      const restores = [
        replaceMethod(
          OwnWrites.prototype,
          'isTooOld',
          (real) =>
            function (this: OwnWrites, record) {
              const isTooOld = real.call(this, record);
              if (isTooOld) old.add(record.write.entry);
              return isTooOld;
            },
        ),
        replaceMethod(
          RedisStore.prototype,
          'apply',
          (real) =>
            function (this: RedisStore, write) {
              if (!old.has(write.entry)) return real.call(this, write);
              return real.call(this, { ...unconditional(write), ttlMs: 0 });
            },
        ),
      ];
      return () => {
        for (const restore of restores) restore();
      };
    },
  },
  'nobody gives way to a login or a logout': {
    weights: { ...AWAY, login: 4, logout: 2, delete: 4, fill: 8 },
    putBack: () =>
      replaceMethod(
        HeldWrites.prototype,
        'roomFor',
        (real) =>
          function (this: HeldWrites, record, present) {
            const leaving = real.call(this, record, present);
            const isForced = leaving !== null && leaving.some(({ at }) => at === null);
            return isForced && classOf(record) !== 'value' ? null : leaving;
          },
      ),
  },
  'a delete gives way as a value does': {
    weights: { ...AWAY, set: 4, read: 4, delete: 4, fill: 6 },
    putBack: () =>
      replaceMethod(
        OwnWrites.prototype,
        'append',
        (real) =>
          function (this: OwnWrites, record) {
            return real.call(
              this,
              classOf(record) === 'delete' ? { ...record, class: 'value' } : record,
            );
          },
      ),
  },
  'a drop that Redis took does not see the journal': {
    weights: { cut: 2, reach: 4, wait: 3, set: 5, fill: 5, dropTag: 4, read: 6 },
    putBack: () =>
      replaceMethod(
        OwnWrites.prototype,
        'note',
        (real) =>
          function (this: OwnWrites, record) {
            if (record.kind !== 'drop') real.call(this, record);
          },
      ),
  },
  'values and sessions share one room in memory': {
    weights: { ...AWAY, login: 4, readSession: 6, fill: 6 },
    putBack: () =>
      replaceMethod(
        MemoryStore.prototype,
        'open',
        (real) =>
          function (this: MemoryStore, keyspace, needs) {
            real.call(this, keyspace, { ...needs, policy: 'cache' });
          },
      ),
  },
  'an end is compared with what it ends': {
    weights: { ...AWAY, login: 4, change: 8, logout: 4 },
    putBack: () =>
      replaceMethod(
        KeyspaceWrites.prototype,
        'delete',
        (real) =>
          function (this: KeyspaceWrites, key, options = {}) {
            return real.call(this, key, { ...options, isFinal: false });
          },
      ),
  },
  'a change that loses against an end that waits takes it for one that Redis has': {
    weights: { ...AWAY, login: 4, change: 10, logout: 6, readSession: 2 },
    putBack: () => {
      let noteEnd: OwnWrites['noteEnd'] = () => undefined;
      const restores = [
        replaceMethod(
          OwnWrites.prototype,
          'ofKey',
          (real) =>
            function (this: OwnWrites, key) {
              noteEnd = (write) => {
                this.noteEnd(write);
              };
              return real.call(this, key);
            },
        ),
        replaceMethod(
          OwnKnowledge.prototype,
          'pendingAgainst',
          (real) =>
            function (this: OwnKnowledge, write, hasStamp) {
              const newer = real.call(this, write, hasStamp);
              const how = { ttlMs: MODEL.maxAgeMs, madeAt: BASE_MS };
              if (newer?.isFinal === true) noteEnd(graveOf(write, { ...newer, ...how }));
              return newer;
            },
        ),
      ];
      return () => {
        for (const restore of restores) restore();
      };
    },
  },
  'after a failover sessions are written again as values are': {
    weights: { ...AWAY, login: 6, failOver: 4, refuse: 4, accept: 3, fill: 6 },
    putBack: () =>
      replaceMethod(
        HeldWrites.prototype,
        'addPending',
        (real) =>
          function (this: HeldWrites, records) {
            return real.call(this, records.map(asValue));
          },
      ),
  },
  'a delete does not see the loads that are under way': {
    weights: { load: 6, delete: 4, read: 2, wait: 3 },
    putBack: () =>
      replaceMethod(
        RedisStore.prototype,
        'applyLive',
        () =>
          function (this: RedisStore, write) {
            return this.apply(write);
          },
      ),
  },
  'a notice that comes while the key is read is forgotten': {
    weights: { load: 4, set: 4, delete: 4, read: 6, near: 6, replicate: 2 },
    putBack: () => replaceMethod(NearCopies.prototype, 'review', () => () => undefined),
  },
  'a copy keeps its pass when it is distrusted': {
    weights: { load: 4, set: 4, delete: 4, read: 6, near: 12, replicate: 2 },
    putBack: () => replaceMethod(MemoryRecord.prototype, 'endPass', () => () => undefined),
  },
  'what Redis has acknowledged a moment ago is not compared with what a replica answers': {
    weights: { login: 2, change: 8, readSession: 8, logout: 1, replicate: 1 },
    putBack: () =>
      replaceMethod(
        OwnWrites.prototype,
        'ofKey',
        (real) =>
          function (this: OwnWrites, key) {
            const held = real.call(this, key);
            return held?.isPending === true ? held : null;
          },
      ),
  },
};
