import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where a cluster of `cluster up` is, if nobody says another folder. */
export const DEFAULT_FOLDER = '.nestjs-redis-ha';

/** What a cluster is known by in its folder. */
export const CLUSTER_FILE = 'cluster.json';

/** What is typed to start one, or what is gone of it. */
export const UP = 'npx nestjs-redis-ha cluster up';

/** What is typed to have the variables of a cluster in a shell. */
export function lineForShell(up = UP): string {
  return `eval "$(${up} --env)"`;
}

/** Tells whether `cluster up` was typed in this folder. Whether something runs is not looked at. */
export function isClusterHere(): boolean {
  return existsSync(join(resolve(DEFAULT_FOLDER), CLUSTER_FILE));
}
