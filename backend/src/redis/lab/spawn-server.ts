import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** A server of Redis that is to be started as a process. */
export interface ServerPlan {
  /** Path or name of the executable. */
  readonly serverPath: string;
  readonly isSentinel: boolean;
  /** Where it runs, and writes. */
  readonly directory: string;
  readonly configPath: string;
  /** What it says is added to this file. */
  readonly logPath: string;
}

/**
 * Starts the process. It is detached: Ctrl-C must reach the program that started it alone, which may need its Redis while
 * it ends. Whether it runs, the events of the child tell.
 */
export function spawnServer(plan: ServerPlan): ChildProcess {
  const log = openSync(plan.logPath, 'a');
  try {
    return spawn(plan.serverPath, serverArguments(plan), {
      cwd: plan.directory,
      detached: true,
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
}

/** What stands behind the name of the executable. */
export function serverArguments({ configPath, isSentinel }: ServerPlan): string[] {
  return [configPath, ...(isSentinel ? ['--sentinel'] : [])];
}
