import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { at } from '../../../scripts/lib/paths.mjs';

/** What the figures were measured on. */
export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly redis: string;
  readonly ioredis: string;
  readonly library: string;
  /** The load average before the drill began. */
  readonly loadBefore: number;
}

/** Cores, memory, versions, and how busy the machine is at this moment. */
export function describeMachine(): Machine {
  return {
    cores: cpus().length,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release().split('-')[0] ?? ''}`,
    node: process.version,
    redis: redisVersion(),
    ioredis: versionIn(createRequire(import.meta.url).resolve('ioredis/package.json')),
    library: versionIn(at('backend', 'package.json')),
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

function versionIn(manifest: string): string {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version;
}

function redisVersion(): string {
  try {
    const text = execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
    return /v=(\S+)/.exec(text)?.[1] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
