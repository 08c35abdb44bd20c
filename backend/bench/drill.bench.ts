// `npm run drill -- kill`: breaks a real cluster under load, in front of the sample backend and of the same service on a
// bare ioredis client, and writes a report. Exit code 0: every bound holds; 1: one does not; 2: it could not be run.
import { whenNpmEnds } from '../../scripts/lib/npm-parent.mjs';
import { orderOfThisProcess } from './drill/arguments.js';
import { Drill } from './drill/drill.js';

// They break nothing, and compare nothing with a bare client: each is a drill of its own, and ends the process.
const OTHERS = new Map([
  ['cold-start', './cold-start.bench.js'],
  ['hot-key', './hot-key.bench.js'],
  ['rolling', './rolling.bench.js'],
]);
const other = OTHERS.get(process.argv[2] ?? '');
if (other !== undefined) {
  process.argv.splice(2, 1);
  await import(other);
}

const drill = new Drill(orderOfThisProcess());
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => void drill.end(130));
}
whenNpmEnds(() => void drill.end(143));
// A terminal or pipe that is gone must not end this process before it has cleaned up.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
await drill.run();
