import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestClusterError } from '../../base/errors/index.js';

// Reads what to clean up from its standard input. The pipe ends when its owner ends, however that happens, also
// by SIGKILL: then it kills what is left (SIGKILL reaches stopped processes too) and removes the directories.
const WATCHDOG = `
trap '' HUP INT TERM
pids=''
while read -r verb value; do
  case "$verb" in
    kill) pids="$pids $value" ;;
    spare)
      left=''
      for pid in $pids; do [ "$pid" = "$value" ] || left="$left $pid"; done
      pids="$left" ;;
    remove) set -- "$@" "$value" ;;
  esac
done
[ -z "$pids" ] || kill -9 $pids 2>/dev/null
[ $# -eq 0 ] || rm -rf -- "$@"
`;

/**
 * Owns the processes and the directory of one cluster. They never outlive this process: a watchdog waits for the end of
 * a pipe, so that even SIGKILL leaves nothing behind. Handling signals is left to the application.
 */
export class ProcessKeeper {
  /** Everything the cluster writes to disk is below it. */
  readonly directory: string;
  private readonly watchdog: ChildProcess;
  private readonly pids = new Set<number>();
  private readonly onExit = (): void => {
    for (const pid of this.pids) killQuietly(pid);
    rmSync(this.directory, { recursive: true, force: true });
  };

  constructor() {
    if (process.platform === 'win32') {
      throw new TestClusterError(
        'The test cluster runs on Linux and macOS. On Windows, run your tests in WSL.',
      );
    }
    this.directory = mkdtempSync(join(tmpdir(), 'nestjs-redis-ha-'));
    // Detached: Ctrl-C in a terminal goes to the whole foreground group, and must not end the watchdog first.
    this.watchdog = spawn('/bin/sh', ['-c', WATCHDOG], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.watchdog.on('error', ignore);
    this.watchdog.stdin?.on('error', ignore);
    this.watchdog.unref();
    this.tell('remove', this.directory);
    process.on('exit', this.onExit);
  }

  /** Makes sure that the process does not outlive this one. */
  keep(pid: number): void {
    this.pids.add(pid);
    this.tell('kill', String(pid));
  }

  /** Forgets a process that has ended: its id may soon belong to another process. */
  release(pid: number): void {
    if (this.pids.delete(pid)) this.tell('spare', String(pid));
  }

  /** Kills what is left, removes the directory and ends the watchdog. Calling it twice is harmless. */
  async close(): Promise<void> {
    process.off('exit', this.onExit);
    this.onExit();
    const { watchdog } = this;
    if (watchdog.pid === undefined || watchdog.exitCode !== null) return;
    await new Promise<void>((resolve) => {
      watchdog.ref();
      watchdog.once('exit', () => {
        resolve();
      });
      watchdog.once('error', () => {
        resolve();
      });
      watchdog.stdin?.end();
    });
  }

  private tell(verb: 'kill' | 'spare' | 'remove', value: string): void {
    this.watchdog.stdin?.write(`${verb} ${value}\n`);
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already, which is what was wanted.
  }
}

function ignore(): void {
  // Without the watchdog the 'exit' handler still cleans up; only SIGKILL of this process would leave something.
}
