import { execFileSync } from 'node:child_process';

/** A server that tests can be run on: `redis-server` of some version, or `valkey-server`. */
export interface TestServer {
  readonly path: string;
  /** For example `Redis 8.0.2` or `Valkey 8.1.1`. */
  readonly version: string;
}

/**
 * Each server that can be had here; `npm test` finds them, and Jest alone has the one in PATH. Tests on other
 * versions are not there then, and the reason is printed.
 */
export function everyServer(): readonly TestServer[] {
  const named = process.env['TEST_REDIS_SERVERS'] ?? '';
  const paths = named === '' ? ['redis-server'] : named.split(',');
  if (paths.length === 1) {
    process.stderr.write(
      'SKIPPED: tests on other versions of Redis. Run `npm test`, which looks for them, or set ' +
        'TEST_REDIS_SERVERS to the paths of servers, separated by commas\n',
    );
  }
  return paths.map((path) => ({ path, version: versionOf(path) }));
}

function versionOf(path: string): string {
  const [, kind = '', version = ''] =
    /^(\w+) server v=(\S+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8' })) ?? [];
  return `${kind} ${version}`;
}
