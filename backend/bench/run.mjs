// Compiles the benchmarks and runs one of them: `node backend/bench/run.mjs failover --runs 3`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const [name, ...args] = process.argv.slice(2);
const source = join(here, `${name}.bench.ts`);

if (name === undefined || !existsSync(source)) {
  console.error(`There is no benchmark '${name}'. See docs/benchmarks.md.`);
  process.exit(2);
}

// Types are the business of `npm run typecheck`.
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const project = join(here, 'tsconfig.bench.json');
const compiled = spawnSync(process.execPath, [compiler, '-p', project], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

const entry = join(root, '.tmp', 'bench', 'backend', 'bench', `${name}.bench.js`);
const child = spawn(process.execPath, ['--enable-source-maps', entry, ...args], {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 1;
});
