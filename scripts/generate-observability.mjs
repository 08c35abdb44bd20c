// @ts-check
// Writes what is made of backend/observability: the rules of Prometheus, the dashboards of Grafana, and the table of
// thresholds in the page of monitoring.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'prettier';
import { ensureDependencies } from './lib/ensure-dependencies.mjs';
import { at } from './lib/paths.mjs';

await ensureDependencies();
// Types are the business of `npm run typecheck`.
const compiler = at('node_modules', 'typescript', 'bin', 'tsc');
const project = at('backend', 'observability', 'tsconfig.observability.json');
const compiled = spawnSync(process.execPath, [compiler, '-p', project], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

/** @param {string} file */
const built = (file) =>
  import(pathToFileURL(at('.tmp', 'observability', 'backend', 'observability', file)).href);
/** @type {{ generatedFiles: () => ReadonlyMap<string, string> }} */
const { generatedFiles } = await built('generated-files.js');
/** @type {{ withThresholds: (page: string) => string }} */
const { withThresholds } = await built('threshold-table.js');
for (const [path, text] of generatedFiles()) {
  const file = at('deploy', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(`deploy/${path}`);
}
const page = at('docs', 'operations', 'monitoring.md');
writeFileSync(
  page,
  await format(withThresholds(readFileSync(page, 'utf8')), { parser: 'markdown' }),
);
console.log('docs/operations/monitoring.md');
