// @ts-check
// Writes what is made of backend/observability: the rules of Prometheus and the dashboards of Grafana.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureDependencies } from './lib/ensure-dependencies.mjs';
import { at } from './lib/paths.mjs';

await ensureDependencies();
// Types are the business of `npm run typecheck`.
const compiler = at('node_modules', 'typescript', 'bin', 'tsc');
const project = at('backend', 'observability', 'tsconfig.observability.json');
const compiled = spawnSync(process.execPath, [compiler, '-p', project], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

const built = at('.tmp', 'observability', 'backend', 'observability', 'generated-files.js');
/** @type {{ generatedFiles: () => ReadonlyMap<string, string> }} */
const { generatedFiles } = await import(pathToFileURL(built).href);
for (const [path, text] of generatedFiles()) {
  const file = at('deploy', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(`deploy/${path}`);
}
