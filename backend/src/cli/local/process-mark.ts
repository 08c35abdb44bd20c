import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process, so that it is not taken for another one that has its number later. */
export interface ProcessMark {
  readonly pid: number;
  /** When it began, as the system writes it. */
  readonly began: string;
}

/** What a process does. */
export type ProcessState = 'running' | 'frozen' | 'gone';

/** Returns the mark of the process that has this number now; `null` where there is none. */
export function markOf(pid: number): ProcessMark | null {
  const seen = look(pid);
  return seen === null ? null : { pid, began: seen.began };
}

/** Tells what became of exactly this process. */
export function stateOf({ pid, began }: ProcessMark): ProcessState {
  const seen = look(pid);
  if (seen?.began !== began) return 'gone';
  return /^[Tt]/.test(seen.state) ? 'frozen' : 'running';
}

/** Sends a signal to exactly this process. Returns whether it was there. */
export function signalTo(mark: ProcessMark, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): boolean {
  if (stateOf(mark) === 'gone') return false;
  try {
    return process.kill(mark.pid, signal);
  } catch {
    return false;
  }
}

interface Seen {
  readonly state: string;
  readonly began: string;
}

function look(pid: number): Seen | null {
  const seen = process.platform === 'linux' ? lookInProc(pid) : lookWithPs(pid);
  // What has ended and was not reaped runs no more.
  return seen === null || /^[ZX]/.test(seen.state) ? null : seen;
}

// Counted from the start of the machine, hence with the id of that start: after another one the same may stand there.
function lookInProc(pid: number): Seen | null {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // The name of the program stands in brackets, and may hold anything.
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, began: `${boot} ${fields[FIELDS_BEFORE_START] ?? ''}` };
  } catch {
    return null;
  }
}

const FIELDS_BEFORE_START = 18;

function lookWithPs(pid: number): Seen | null {
  const { stdout, status } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
  });
  const [, state, began] = /^(\S+)\s+(.+)$/.exec(status === 0 ? stdout.trim() : '') ?? [];
  return state === undefined || began === undefined ? null : { state, began };
}
