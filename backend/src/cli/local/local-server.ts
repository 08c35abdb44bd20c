import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serverArguments, spawnServer, type ServerPlan } from '../../redis/lab/index.js';
import type { Clock } from '../../redis/base/timing/index.js';
import { CliError } from '../frame/index.js';
import type { LocalNode } from './local-state.js';
import { markOf, stateOf, type ProcessMark } from './process-mark.js';

const LOG_LINES = 3;
const GONE_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 10;

/** How a node of a local cluster is started. */
export function planOf(folder: string, node: LocalNode, serverPath: string): ServerPlan {
  const directory = join(folder, node.name);
  return {
    ...{ serverPath, directory, isSentinel: node.isSentinel },
    configPath: join(directory, node.isSentinel ? 'sentinel.conf' : 'redis.conf'),
    logPath: join(directory, 'log'),
  };
}

/** Starts it; resolves with its process, which need not answer yet. */
export async function startProcess(name: string, plan: ServerPlan): Promise<ProcessMark> {
  const child = spawnServer(plan);
  child.unref();
  // Rejects with the error of a child that cannot be run.
  await once(child, 'spawn').catch(() => undefined);
  const mark = child.pid === undefined ? null : markOf(child.pid);
  if (mark !== null) return mark;
  throw new CliError(
    `${name} cannot be started with ${plan.serverPath}${lastWords(plan)}`,
    'See whether it can be run by hand',
  );
}

/** The end of its log, for an error. */
export function lastWords({ logPath }: ServerPlan): string {
  if (!existsSync(logPath)) return '';
  const lines = readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-LOG_LINES);
  return `: ${lines.map((line) => line.trim()).join('; ')}`;
}

/** Resolves when a process that was killed is gone. @throws {@link CliError} where it does not go. */
export async function untilGone(name: string, mark: ProcessMark, clock: Clock): Promise<void> {
  const until = clock.now() + GONE_WITHIN_MS;
  while (stateOf(mark) !== 'gone') {
    if (clock.now() > until) {
      throw new CliError(
        `${name} (process ${String(mark.pid)}) does not end`,
        'See what it waits for, and end it by hand',
      );
    }
    await clock.sleep(LOOK_EVERY_MS);
  }
}

/** Why a node cannot be started whose port somebody else has. */
export function portTaken(name: string, port: number): CliError {
  return new CliError(
    `Port ${String(port)} is taken, which ${name} would have`,
    'See who listens there, and end that',
  );
}

/** What a shell waits with for the end of a process that was killed, five seconds at most. */
export function untilGoneCommand({ pid }: ProcessMark): string {
  return `n=0; while kill -0 ${String(pid)} 2>/dev/null && [ $n -lt 50 ]; do n=$((n + 1)); sleep 0.1; done`;
}

/** What a shell starts it with, so that it goes on without that shell. */
export function startCommand(plan: ServerPlan): string {
  const words = [plan.serverPath, ...serverArguments(plan)].map(inShell).join(' ');
  return `cd ${inShell(plan.directory)} && nohup ${words} >>${inShell(plan.logPath)} 2>&1 </dev/null &`;
}

/** A word for a shell. */
export function inShell(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
