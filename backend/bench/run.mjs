// @ts-check
// Compiles the benchmarks and the drill, and runs one of them: `node backend/bench/run.mjs failover --runs 3`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureDependencies } from '../../scripts/lib/ensure-dependencies.mjs';
import { at } from '../../scripts/lib/paths.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const [name, ...args] = process.argv.slice(2);

if (name === undefined || !existsSync(join(here, `${name}.bench.ts`))) {
  console.error(`There is no benchmark '${name}'. See docs/benchmarks.md.`);
  process.exit(2);
}

await ensureDependencies();
// Types are the business of `npm run typecheck`.
const compiler = at('node_modules', 'typescript', 'bin', 'tsc');
const project = join(here, 'tsconfig.bench.json');
const compiled = spawnSync(process.execPath, [compiler, '-p', project], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

// In this very process: so signals and the exit code are its own business.
const entry = at('.tmp', 'bench', 'backend', 'bench', `${name}.bench.js`);
process.argv.splice(1, process.argv.length, entry, ...args);
process.setSourceMapsEnabled(true);
await import(pathToFileURL(entry).href);
