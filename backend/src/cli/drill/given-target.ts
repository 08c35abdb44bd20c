import { formatAddress } from '../../redis/base/address/index.js';
import { lastLine, runTool } from '../compose/index.js';
import { CliError, type Environment } from '../frame/index.js';
import type { ReachOptions, Survey } from '../reach/index.js';
import { victimsOf, type DrillKind, type DrillTarget, type FaultStep } from './fault-step.js';

/** The commands that break a cluster and put it back, as they were typed. */
export interface GivenCommands {
  readonly make: string;
  readonly undo: string;
}

const COMMAND_WITHIN_MS = 120_000;

/** A cluster that this program reaches, and whose machines it does not: others know how to break it. */
export class GivenTarget implements DrillTarget {
  readonly isOwn = false;
  readonly hasOwnLoopback = false;
  readonly asleep = null;
  readonly options: ReachOptions;
  readonly #commands: GivenCommands | null;
  readonly #env: Environment;

  constructor(options: ReachOptions, commands: GivenCommands | null, env: Environment) {
    this.options = options;
    this.#commands = commands;
    this.#env = env;
  }

  get place(): string {
    return this.options.mode === 'sentinel' ? this.options.sentinel.masterName : 'one Redis';
  }

  get names(): readonly string[] {
    return [this.place];
  }

  steps(kind: Exclude<DrillKind, 'switchover'>, seen: Survey): FaultStep[] {
    const victims = victimsOf(kind, seen);
    const commands = this.#commands;
    if (victims === null || commands === null) return [];
    const told = {
      DRILL_KIND: kind,
      DRILL_PRIMARY: formatAddress(victims.primary),
      DRILL_SENTINELS: victims.sentinels.map(formatAddress).join(','),
    };
    const env = { ...this.#env, ...told };
    const exports = Object.entries(told).map(([name, value]) => `${name}='${value}'`);
    return [
      {
        what: `run ${commands.make}`,
        back: `run ${commands.undo}`,
        make: () => runInShell('--do', commands.make, env),
        undo: () => runInShell('--undo', commands.undo, env),
        undoInShell: `export ${exports.join(' ')}; ${commands.undo}`,
      },
    ];
  }
}

async function runInShell(option: string, command: string, env: Environment): Promise<void> {
  const answer = await runTool('/bin/sh', ['-c', command], { env, timeoutMs: COMMAND_WITHIN_MS });
  if (answer.code === 0) return;
  throw new CliError(
    `The command of ${option} ended with ${String(answer.code ?? 'no code')}: ${lastLine(answer)}`,
    'Run it by hand; it is given DRILL_PRIMARY, DRILL_SENTINELS and DRILL_KIND',
  );
}
