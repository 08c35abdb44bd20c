import * as disk from 'node:fs/promises';
import { codeOf } from '../../../base/errors/index.js';

/**
 * Which process owns a file. A process id means something only in its pid namespace, and that only until the
 * machine starts again: two containers may have the same host name, and both the process 1.
 */
export interface JournalOwner {
  /** The boot of the machine; `null` where the system does not tell. */
  readonly boot: string | null;
  /** The pid namespace; `null` where the system does not tell. */
  readonly namespace: string | null;
  readonly pid: number;
  /** Process ids are used again; the time of the start tells two processes apart. */
  readonly startedAt: string | null;
}

/** This process, as the owner of a file. */
export async function thisProcess(): Promise<JournalOwner> {
  return {
    boot: (await textOf('/proc/sys/kernel/random/boot_id'))?.trim() ?? null,
    namespace: await disk.readlink('/proc/self/ns/pid').catch(() => null),
    pid: process.pid,
    startedAt: await startOf(process.pid),
  };
}

/**
 * Whether an owner lives. `unknown`: it cannot be seen from here, so only its signs of life count. That is so
 * in another container, on another machine, and everywhere on a system without `/proc`, such as macOS and
 * Windows: there a file is adopted when it has given no sign of life for a while.
 */
export async function lifeOf(
  owner: JournalOwner,
  self: JournalOwner,
): Promise<'alive' | 'dead' | 'unknown'> {
  const isHere = owner.boot === self.boot && owner.namespace === self.namespace;
  if (!isHere || owner.boot === null || owner.namespace === null) return 'unknown';
  if (!isRunning(owner.pid)) return 'dead';
  const start = await startOf(owner.pid);
  if (start === null || owner.startedAt === null) return 'unknown';
  return start === owner.startedAt ? 'alive' : 'dead';
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

async function startOf(pid: number): Promise<string | null> {
  const text = await textOf(`/proc/${String(pid)}/stat`);
  return text?.slice(text.lastIndexOf(')')).split(' ')[20] ?? null;
}

async function textOf(path: string): Promise<string | null> {
  return disk.readFile(path, 'utf8').catch(() => null);
}
