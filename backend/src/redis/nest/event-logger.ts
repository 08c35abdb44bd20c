import { formatAddress, type NodeAddress } from '../base/address/index.js';
import { redactOptions } from '../config/index.js';
import type { Problem } from '../base/errors/index.js';
import type {
  FailoverRecord,
  RedisHaEvent,
  RedisHaEventOf,
  RedisHaEventType,
} from '../base/events/index.js';
import { whyNoWrites } from '../cluster/topology/index.js';
import type { RedisEngine } from '../engine/index.js';
import { inBackground } from '../base/timing/index.js';
import { GatheredLines, type Telling } from './gathered-lines.js';
import { BEGUN_BECAUSE, DROPPED_BECAUSE, HOT_ADVICE, SKIPPED_BECAUSE } from './told-reasons.js';
import { harmless, loggerOfNest, type RedisLogger } from './redis-logger.js';
import { OTHER_EVENTS, TOLD_OFTEN } from './what-is-told-often.js';

const PATIENCE_MS = 3000;

/** Writes events to the application's log. The lines contain no keys, values or secrets. */
export class RedisEventLogger {
  readonly #engine: RedisEngine;
  readonly #warnings: readonly Problem[];
  readonly #logger: RedisLogger;
  readonly #gathered = new Map<RedisHaEventType | 'others', GatheredLines>();

  /** @param logger - where the lines go; without one, to the logger of Nest */
  constructor(engine: RedisEngine, warnings: readonly Problem[], logger?: RedisLogger | null) {
    this.#engine = engine;
    this.#warnings = warnings;
    const { name } = engine.options;
    this.#logger = harmless(logger ?? loggerOfNest(name === 'default' ? 'Redis' : `Redis:${name}`));
  }

  /** Logs the configuration, and from then on each event. */
  start(): void {
    for (const { field, message, remedy } of this.#warnings) {
      this.#logger.warn(`${field}: ${message}. ${remedy}`);
    }
    this.#logger.info(describeStart(this.#engine));
    this.#logger.debug(JSON.stringify(redactOptions(this.#engine.options)));
    this.#engine.bus.onAny((event) => {
      this.#write(event);
    });
    this.#complainIfAbsent();
  }

  // The start does not wait for Redis and does not fail without it, so a missing Redis must be logged.
  #complainIfAbsent(): void {
    const { clock, bus, closing } = this.#engine;
    if (this.#engine.connectedOrNull === null) return;
    const startedAt = clock.now();
    const complain = (): void => {
      const waitedMs = Math.round(clock.now() - startedAt);
      const reason = whyAbsent(this.#engine);
      bus.emit({ type: 'start.waiting', waitedMs, reason });
      stopTimer = clock.after(PATIENCE_MS * 10, complain);
    };
    let stopTimer = clock.after(PATIENCE_MS, complain);
    const stopListening = bus.on('primary.ready', () => {
      stop();
    });
    const stop = (): void => {
      stopTimer();
      stopListening();
    };
    closing.addEventListener('abort', stop, { once: true });
  }

  #write(event: RedisHaEvent): void {
    const line = LINES[event.type];
    if (line !== undefined) {
      const level = line.level === 'log' ? 'info' : line.level;
      // It is about all calls: not to be taken for a line of the one that happened to notice it.
      inBackground(() => {
        this.#logger[level](line.text(event as never));
      });
      return;
    }
    const often = TOLD_OFTEN[event.type];
    const told = often?.read(event as never) ?? null;
    if (often === undefined || told === null) {
      this.#linesOf('others', OTHER_EVENTS, 'debug').add(event.type, '');
    } else {
      this.#linesOf(event.type, often.telling, often.level).add(...told);
    }
  }

  #linesOf(
    what: RedisHaEventType | 'others',
    telling: Telling,
    level: 'error' | 'warn' | 'debug',
  ): GatheredLines {
    let lines = this.#gathered.get(what);
    if (lines === undefined) {
      lines = new GatheredLines(this.#engine, telling, (line) => {
        this.#logger[level](line);
      });
      this.#gathered.set(what, lines);
    }
    return lines;
  }
}

interface Line<T extends RedisHaEventType> {
  readonly level: 'error' | 'warn' | 'log' | 'debug';
  readonly text: (event: RedisHaEventOf<T>) => string;
}

// For an event that is neither here nor told often, its type is logged at debug level.
const LINES: { readonly [T in RedisHaEventType]?: Line<T> } = {
  'failover.first-write': { level: 'log', text: ({ failover }) => describeFailover(failover) },
  'primary.switched': {
    level: 'warn',
    text: ({ from, to, epoch }) =>
      `The primary moved from ${show(from)} to ${show(to)} (epoch ${String(epoch)})`,
  },
  'primary.suspected': {
    level: 'warn',
    text: ({ node, reason }) => `The primary ${show(node)} is suspected: ${reason}`,
  },
  'primary.ready': { level: 'log', text: ({ node }) => `The primary ${show(node)} takes writes` },
  'primary.reset': {
    level: 'warn',
    text: ({ node }) =>
      `The primary ${show(node)} was restarted: it may have come back without its data`,
  },
  'start.waiting': {
    level: 'error',
    text: ({ waitedMs, reason }) =>
      `No primary for ${ms(waitedMs)} since the start: ${reason}. ` +
      'The application runs; commands wait until their deadline.',
  },
  'settings.doubtful': { level: 'warn', text: ({ problem }) => describeProblem(problem) },
  'writes.paused': { level: 'log', text: ({ reason }) => `Writes wait: ${reason}` },
  'writes.resumed': {
    level: 'log',
    text: ({ pausedMs, reason }) => `Writes go on after ${ms(pausedMs)}: ${reason}`,
  },
  'writes.refused': {
    level: 'warn',
    text: ({ reason }) => `The primary refuses every write: ${reason}`,
  },
  'writes.accepted': {
    level: 'log',
    text: ({ refusedMs, reason }) =>
      `Writes are not refused any more after ${ms(refusedMs)}: ${reason}`,
  },
  'clock.skewed': {
    level: 'warn',
    text: ({ aheadMs }) =>
      `The calendar of this host is ${ms(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'} that of Redis, ` +
      'which counts. Correct it, with NTP for example: logs and journals of this host tell the wrong time',
  },
  'clock.agreed': {
    level: 'log',
    text: ({ skewedMs }) =>
      `The calendar of this host agrees with that of Redis again after ${ms(skewedMs)}`,
  },
  'pool.exhausted': {
    level: 'warn',
    text: ({ purpose, size }) =>
      `All ${String(size)} connections for ${purpose === 'blocking' ? 'blocking commands' : 'redis.exclusive()'} ` +
      'are in use; the next callers wait. pools.writeSize sets how many there are',
  },
  'breaker.opened': {
    level: 'warn',
    text: ({ direction, reason }) => `Redis counts as away for ${direction}: ${reason}`,
  },
  'breaker.closed': {
    level: 'log',
    text: ({ direction, openMs }) => `Redis counts as back for ${direction} after ${ms(openMs)}`,
  },
  'mode.changed': {
    level: 'warn',
    text: ({ change: { from, to, reason, afterMs } }) =>
      `The mode changed from ${from} to ${to} after ${ms(afterMs)}: ${reason}`,
  },
  'journal.replayed': {
    level: 'log',
    text: ({ report: { applied, superseded, expired, rejected, durationMs } }) =>
      `The journal was replayed in ${ms(durationMs)}: ${String(applied)} written, ` +
      `${String(superseded)} skipped because Redis had newer data, ${String(expired)} too old, ` +
      `${String(rejected)} refused by Redis`,
  },
  'journal.dropped': {
    level: 'warn',
    text: ({ count, reason }) =>
      `${String(count)} writes made while Redis was away are lost: ${DROPPED_BECAUSE[reason]}`,
  },
  'journal.recovered': {
    level: 'warn',
    text: ({ count, damagedBytes }) =>
      `The journal of a process that is gone holds ${String(count)} writes; ` +
      `${String(damagedBytes)} bytes of it could not be read`,
  },
  'journal.file-failed': {
    level: 'error',
    text: ({ reason }) => `The journal's file cannot be written: ${reason}`,
  },
  'journal.file-recovered': {
    level: 'log',
    text: ({ failedMs }) => `The journal's file is written again after ${ms(failedMs)}`,
  },
  'notices.refused': {
    level: 'warn',
    text: ({ count, rights }) =>
      `Redis refused to tell other processes of ${String(count)} changes: their near copies are used until ` +
      `they are too old. The ACL user of this process lacks one of the rights ${rights}`,
  },
  'listening.refused': {
    level: 'warn',
    text: ({ rights }) =>
      `Redis does not let this process hear of the changes of others: it uses no near copies, and whoever waits for a ` +
      `load looks by himself. Its ACL user lacks one of the rights ${rights}`,
  },
  'invalidations.refused': {
    level: 'warn',
    text: ({ reason, rights }) =>
      `Redis does not tell this process of removed keys: after FLUSHALL its near copies are used until they are too ` +
      `old, and redis.near has none. Its ACL user may lack one of the rights ${rights}: ${reason}`,
  },
  'hot-key.rose': {
    level: 'warn',
    text: ({ keyspace, key, direction, perMinute, isSpared }) =>
      `The key ${key} of ${whoseKey(keyspace)} is hot: ${String(perMinute)} ${direction} a minute. ` +
      HOT_ADVICE[isSpared ? 'spared' : direction],
  },
  'hot-key.fell': {
    level: 'log',
    text: ({ keyspace, key, direction, perMinute, hotMs }) =>
      `The key ${key} of ${whoseKey(keyspace)} is no longer hot after ${ms(hotMs)}: ` +
      `${String(perMinute)} ${direction} a minute`,
  },
  'warm-up.started': {
    level: 'log',
    text: ({ plan, keyspace, cause, done }) =>
      `The warm-up ${plan} of ${keyspace} ${done === 0 ? 'begins' : `goes on after ${String(done)} keys`}: ` +
      BEGUN_BECAUSE[cause],
  },
  'warm-up.finished': {
    level: 'log',
    text: ({ plan, outcome, reason, loaded, skipped, failed, durationMs }) =>
      `The warm-up ${plan} ${outcome === 'finished' ? 'has ended' : `was given up: ${reason ?? 'the source fails'},`} after ` +
      `${ms(durationMs)}: ${String(loaded)} loaded, ${String(skipped)} were fresh, ${String(failed)} failed`,
  },
  'journal.file-skipped': {
    level: 'warn',
    text: ({ file, reason }) => `The journal ${file} is left alone: ${SKIPPED_BECAUSE[reason]}`,
  },
};

function whoseKey(keyspace: string | null): string {
  return keyspace ?? 'plain commands';
}

function describeStart({ options }: RedisEngine): string {
  switch (options.mode) {
    case 'memory':
      return 'Memory mode: no Redis is used. Caches and sessions live in this process; commands fail with REDIS_DISABLED';
    case 'standalone':
      return `Standalone mode: connecting to ${formatAddress(options.address)}`;
    case 'sentinel': {
      const { masterName, nodes } = options.sentinel;
      return `Sentinel mode: asking ${nodes.map(formatAddress).join(', ')} for the primary of ${masterName}`;
    }
  }
}

/** Returns one line per failover: the nodes, the reason, and when each step happened after the first. */
function describeFailover(failover: FailoverRecord): string {
  const { from, to, reason, epoch } = failover;
  const steps: readonly (readonly [string, number | null])[] = [
    ['suspected', failover.suspectedAt],
    ['sdown', failover.sdownAt],
    ['odown', failover.odownAt],
    ['elected', failover.electedAt],
    ['promoted', failover.promotedAt],
    ['switched', failover.switchedAt],
    ['first write', failover.firstWriteAt],
  ];
  const known = steps.flatMap(([name, at]) => (at === null ? [] : [{ name, at }]));
  const start = Math.min(...known.map(({ at }) => at));
  const timeline = known.map(({ name, at }) => `${name} +${ms(at - start)}`).join(', ');
  return `Failover (${reason}, epoch ${String(epoch)}) ${show(from)} → ${show(to)}: ${timeline}`;
}

function describeProblem({ field, value, message, remedy }: Problem): string {
  return `${field} is ${String(value)}: ${message}. ${remedy}`;
}

function whyAbsent({ connectedOrNull }: RedisEngine): string {
  return connectedOrNull === null ? 'memory mode' : whyNoWrites(connectedOrNull.tracker);
}

function show(address: NodeAddress | null): string {
  return address === null ? 'unknown' : formatAddress(address);
}

function ms(value: number): string {
  return `${String(Math.round(value))} ms`;
}
