import { spawn } from 'node:child_process';

/** What a program of somebody else said. */
export interface ToolAnswer {
  /** `null` where it could not be started, or was ended. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How it is run. */
export interface ToolRun {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** When it is ended, in ms. */
  readonly timeoutMs: number;
}

const LAST_WORDS_MS = 250;

/**
 * Runs a program. It is in a group of its own: Ctrl-C does not reach it, so that what was begun is not left half done.
 * Never rejects.
 */
export function runTool(
  command: string,
  args: readonly string[],
  { env, timeoutMs }: ToolRun,
): Promise<ToolAnswer> {
  return new Promise((resolve) => {
    const said = { stdout: '', stderr: '' };
    const child = spawn(command, [...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      timeout: timeoutMs,
      ...(env === undefined ? {} : { env: { ...env } }),
    });
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => (said[name] += text));
    }
    child.once('error', (error) => {
      resolve({ code: null, ...said, stderr: said.stderr + error.message });
    });
    child.once('close', (code) => {
      resolve({ code, ...said });
    });
    // What it started in the background may keep its output open.
    child.once('exit', (code) => {
      setTimeout(() => {
        resolve({ code, ...said });
      }, LAST_WORDS_MS).unref();
    });
  });
}

/** The last line that is not empty, which mostly says what was wrong. */
export function lastLine({ stdout, stderr }: ToolAnswer): string {
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
  return lines.at(-1)?.trim() ?? 'it said nothing';
}
