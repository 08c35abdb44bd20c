// Builds what the drill runs, when it is missing or older than its sources.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { at, root } from '../lib/paths.mjs';
import { run } from '../lib/processes.mjs';

const NEST = at('node_modules', '@nestjs', 'cli', 'bin', 'nest.js');

const PARTS = [
  {
    what: 'the library',
    made: at('dist', 'lib', 'esm', 'testing', 'index.js'),
    sources: at('backend', 'src', 'redis'),
    command: [at('scripts', 'build-lib.mjs')],
  },
  {
    what: 'the backend',
    made: at('dist', 'app', 'main.js'),
    sources: at('backend', 'src'),
    command: [NEST, 'build'],
  },
];

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) latest = Math.max(latest, newest(path));
    else if (!/spec\.ts$/.test(entry.name)) latest = Math.max(latest, statSync(path).mtimeMs);
  }
  return latest;
}

/** Builds; with `onlyMissing` what is there is taken as it is. Fails when a build fails. */
export async function buildWhatIsMissing({ onlyMissing, say }) {
  for (const { what, made, sources, command } of PARTS) {
    const isThere = existsSync(made);
    if (isThere && (onlyMissing || statSync(made).mtimeMs >= newest(sources))) continue;
    say(`building ${what} ...`);
    const { code } = await run(process.execPath, command, { cwd: root });
    if (code !== 0) throw new Error(`Building ${what} failed; its messages stand above.`);
  }
}
