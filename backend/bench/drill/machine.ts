// What the figures were measured on.
import { cpus, loadavg, totalmem, type, release } from 'node:os';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { at } from '../lib/paths.mjs';

/** Cores, memory, versions, and how busy the machine was before the drill began. */
export function describeMachine() {
  const { version: ioredis } = createRequire(at('package.json'))('ioredis/package.json');
  const { version: library } = JSON.parse(readFileSync(at('backend', 'package.json'), 'utf8'));
  return {
    cores: cpus().length,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release().split('-')[0]}`,
    node: process.version,
    redis: redisVersion(),
    ioredis,
    library,
    loadBefore: Math.round(loadavg()[0] * 100) / 100,
  };
}

function redisVersion() {
  try {
    const text = execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
    return /v=(\S+)/.exec(text)?.[1] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
