import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { safeMessage } from '../../redis/base/errors/index.js';
import { CliError } from '../frame/index.js';
import { CLUSTER_FILE } from '../reach/index.js';
import type { ProcessMark } from './process-mark.js';

/** One Redis or Sentinel of a local cluster. */
export interface LocalNode {
  /** Its folder in that of the cluster, too. */
  readonly name: string;
  readonly isSentinel: boolean;
  readonly port: number;
  /** The process that it was last seen as. */
  readonly mark: ProcessMark | null;
}

/** What is kept of a local cluster beside its folders. It holds no password. */
export interface LocalState {
  readonly version: typeof STATE_VERSION;
  readonly masterName: string;
  readonly profile: string;
  readonly serverPath: string;
  readonly nodes: readonly LocalNode[];
}

const STATE_VERSION = 1;

/** Where the password of a local cluster stands. */
export function passwordFile(folder: string): string {
  return join(folder, 'password');
}

/** Where the state of a local cluster stands. */
export function stateFile(folder: string): string {
  return join(folder, CLUSTER_FILE);
}

/**
 * Reads what was kept of the cluster of a folder; `null` where there was never one.
 *
 * @throws {@link CliError} for a file that cannot be read, or is of another version: it may name processes that run.
 */
export function readState(folder: string): LocalState | null {
  const path = stateFile(folder);
  if (!existsSync(path)) return null;
  try {
    const state: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (isState(state)) return state;
  } catch (error) {
    throw unreadable(path, safeMessage(error));
  }
  throw unreadable(path, 'it is not what this version writes');
}

/** Writes it in one step: whoever reads sees the one before, or this one. */
export function writeState(folder: string, state: LocalState): void {
  const path = stateFile(folder);
  writeFileSync(`${path}.new`, `${JSON.stringify(state, null, 1)}\n`);
  renameSync(`${path}.new`, path);
}

/** Starts the state of a cluster of which nothing runs. */
export function newState(parts: Omit<LocalState, 'version'>): LocalState {
  return { version: STATE_VERSION, ...parts };
}

function isState(state: unknown): state is LocalState {
  if (typeof state !== 'object' || state === null) return false;
  const { version, nodes } = state as Partial<LocalState>;
  return version === STATE_VERSION && Array.isArray(nodes) && nodes.every(isNode);
}

function isNode(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false;
  const { name, port, mark } = node as Partial<LocalNode>;
  const isMark = mark === null || (Number.isInteger(mark?.pid) && typeof mark?.began === 'string');
  // A name that leads out of the folder would have something else removed.
  return /^[a-z]+-\d$/.test(String(name)) && Number.isInteger(port) && isMark;
}

function unreadable(path: string, why: string): CliError {
  return new CliError(
    `${path} cannot be used (${why})`,
    'End what runs there by hand, and remove the folder',
  );
}
