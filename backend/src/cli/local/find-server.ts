import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { CliError, type Environment } from '../frame/index.js';

const NAMES = ['redis-server', 'valkey-server'];

/**
 * Returns the path of the server: the one that was named, or the first of the `PATH`.
 *
 * @throws {@link CliError} where there is none.
 */
export function findServer(named: string | null, env: Environment): string {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const names = named === null ? NAMES : [named];
  const isPath = named?.includes('/') === true;
  const paths = isPath
    ? [resolve(named)]
    : names.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = paths.find(isExecutable);
  if (found !== undefined) return found;
  throw new CliError(
    named === null
      ? 'There is no redis-server and no valkey-server in the PATH'
      : `There is no ${named} that can be run`,
    'Install one (apt-get install redis-server, brew install redis), or name it with --server',
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
