#!/usr/bin/env node
// @ts-check
// `npx nestjs-redis-ha` in a checkout: the program as it is here, built when it is not there yet. Without this, npx would
// ask the registry for a package of that name.
import { existsSync } from 'node:fs';
import { ensureDependencies } from './lib/ensure-dependencies.mjs';
import { at, root } from './lib/paths.mjs';
import { run } from './lib/processes.mjs';

const program = at('dist', 'app', 'cli', 'program.js');
if (!existsSync(program)) {
  console.error('The program is not built yet: a minute, once ...');
  await ensureDependencies();
  const nest = at('node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  const { code } = await run(process.execPath, [nest, 'build'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    timeoutMs: 300_000,
  });
  if (code !== 0) {
    console.error('It could not be built. See what stands above, or run: npm run build:app');
    process.exit(2);
  }
}
await import(program);
