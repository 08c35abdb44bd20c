// A client of the library that only watches: it writes a small key twenty times a second and notes every fact of a
// failover. The services under load know nothing of it.
import { createRequire } from 'node:module';
import { at } from '../lib/paths.mjs';
import { now, sleep } from './clock.mjs';

const WRITE_EVERY_MS = 50;
const LAST_BEAT_MS = 500;
const KEY = 'drill:heartbeat';

const STEPS = [
  ['suspectedAt', 'suspected'],
  ['sdownAt', 'sdown'],
  ['odownAt', 'odown'],
  ['electedAt', 'elected'],
  ['promotedAt', 'promoted'],
  ['switchedAt', 'switched'],
  ['firstWriteAt', 'first write'],
];

/** Connects to a cluster. */
export async function startObserver(cluster) {
  const { RedisModule, RedisService } = await import(at('dist', 'lib', 'esm', 'index.js'));
  const { NestFactory } = createRequire(at('package.json'))('@nestjs/core');
  const context = await NestFactory.createApplicationContext(
    RedisModule.forRoot(cluster.options()),
    {
      logger: false,
    },
  );
  const redis = context.get(RedisService);
  const failovers = [];
  const modes = [];
  const note = ({ failover }) => {
    const known = failovers.findIndex(({ epoch }) => epoch === failover.epoch);
    if (known >= 0) failovers[known] = failover;
    else failovers.push(failover);
  };
  redis.on('failover.completed', note);
  redis.on('failover.first-write', note);
  redis.on('mode.changed', ({ change }) => modes.push(change));
  const heart = startHeart(redis);
  return {
    redis,
    /** The failover that followed a moment, as steps on one time line; empty when there was none. */
    stepsAfter: (moment) => stepsOf(failovers.find(({ switchedAt }) => switchedAt >= moment)),
    heart: heart.figures,
    stop: async () => {
      await Promise.race([heart.stop(), sleep(LAST_BEAT_MS)]);
      await context.close();
    },
  };
}

function stepsOf(failover) {
  if (failover === undefined) return [];
  return STEPS.map(([field, label]) => ({ label, at: failover[field] }))
    .filter(({ at }) => at !== null)
    .sort((a, b) => a.at - b.at);
}

function startHeart(redis) {
  const figures = { writes: 0, failed: 0, longestGapMs: 0, lastAt: now() };
  let isBeating = true;
  const beat = async () => {
    while (isBeating) {
      await redis.set(KEY, String(figures.writes)).then(
        () => noteWrite(figures),
        () => (figures.failed += 1),
      );
      await sleep(WRITE_EVERY_MS);
    }
  };
  const beaten = beat();
  return {
    figures,
    stop: () => {
      isBeating = false;
      return beaten;
    },
  };
}

function noteWrite(figures) {
  const at = now();
  figures.writes += 1;
  figures.longestGapMs = Math.max(figures.longestGapMs, at - figures.lastAt);
  figures.lastAt = at;
}
