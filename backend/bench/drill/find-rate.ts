// The highest rate that the machine carries within the bound for latency, found by short runs at rising rates.

const LEVELS = [600, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 5000, 6000, 7000, 8000];
const LEVEL_SECONDS = 4;
const MOST_P99_MS = 10;
// A short run is luckier than a long one.
const HEADROOM = 0.9;

/** Whether a run was good enough to try a higher rate. */
export const isGood = ({ whole }) =>
  whole.failed === 0 && whole.p99 !== null && whole.p99 < MOST_P99_MS;

/** Resolves with `{ chosen, tried: [{ rate, p50, p99, failed, lateP99 }] }`. */
export async function findRate(load, say) {
  const tried = [];
  let best = LEVELS[0];
  let misses = 0;
  for (let index = 0; index < LEVELS.length && misses < 2;) {
    const rate = LEVELS[index];
    const run = await load.run({
      rate,
      seconds: LEVEL_SECONDS,
      warmUpSeconds: index === 0 ? 4 : 2,
    });
    const { p50, p99, failed } = run.whole;
    tried.push({ rate, p50, p99, failed, lateP99: run.lateness.p99 });
    say(`${rate} requests/s: p50 ${p50} ms, p99 ${p99} ms, ${failed} failed`);
    if (isGood(run)) {
      best = rate;
      misses = 0;
      index += 1;
    } else {
      misses += 1;
    }
  }
  return { chosen: Math.round(best * HEADROOM), tried };
}
