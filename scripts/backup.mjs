// @ts-check
// Backups from a checkout, with the program that the image of the backend has too: docs/operations/backups.md.
//
//   take | follow | list | check | verify <file> | prune | restore <file> [--merge] [--to host:port]
//     [--sessions known|drop|keep] [--values keep|drop] [--foreign]; --help has all options
import { existsSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { at } from './lib/paths.mjs';

const program = at('dist', 'app', 'cli', 'backup', 'backup.js');
if (!existsSync(program)) {
  console.error('The program is not built yet: npm run build:app');
  process.exit(1);
}
const child = spawn(process.execPath, [program, ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT'])) {
  process.on(signal, () => child.kill(signal));
}
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
