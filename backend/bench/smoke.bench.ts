import { compareFailovers } from './failover/compare.js';
import { SCENARIOS } from './failover/scenarios.js';
import { race } from './steady/race.js';
import { raceTable } from './steady/report.js';

// The short form for continuous integration: does it still run, and is nothing lost, doubled or left hanging?
const { isCorrect } = await compareFailovers({
  scenarios: SCENARIOS.filter(({ name }) => ['kill', 'planned'].includes(name)),
  runs: 1,
  clients: ['ours', 'tuned'],
  perSecond: 1000,
  calmMs: 3000,
});
const tracks = await race({ contestants: ['ours', 'ioredis'], rounds: 1, legMs: 2000 });
console.log(`\n${raceTable(tracks)}`);
const errors = tracks.flatMap(({ legs }) => legs.map((leg) => leg.errors));
process.exitCode = isCorrect && errors.every((count) => count === 0) ? 0 : 1;
