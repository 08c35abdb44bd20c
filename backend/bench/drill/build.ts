import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { at, root } from '../../../scripts/lib/paths.mjs';
import { run } from '../../../scripts/lib/processes.mjs';

const NEST = at('node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
const MADE = at('dist', 'app', 'main.js');
const SOURCES = at('backend', 'src');

/** Builds the sample backend when it is missing or older than its sources; with `onlyMissing` what is there is taken as it is. */
export async function buildBackend(onlyMissing: boolean): Promise<void> {
  if (existsSync(MADE) && (onlyMissing || statSync(MADE).mtimeMs >= newestIn(SOURCES))) return;
  console.log('building the backend ...');
  const { code } = await run(process.execPath, [NEST, 'build'], { cwd: root });
  if (code !== 0) throw new Error('Building the backend failed; its messages stand above.');
}

function newestIn(folder: string): number {
  const times = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return newestIn(path);
    return /spec\.ts$/.test(entry.name) ? 0 : statSync(path).mtimeMs;
  });
  return Math.max(0, ...times);
}
