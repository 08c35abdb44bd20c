import { runCommand } from './command.js';

// The program: `node dist/app/cli/backup/backup.js take`.
const ending = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    ending.abort();
  });
}
process.exitCode = await runCommand(process.argv.slice(2), process.env, {
  out: (line) => process.stdout.write(`${line}\n`),
  error: (line) => process.stderr.write(`${line}\n`),
  signal: ending.signal,
  now: Date.now,
});
