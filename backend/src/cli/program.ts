#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { COMMANDS } from './commands.js';
import { EXIT, runCli, type CommandIo, versionBeside } from './frame/index.js';
import { Screen, wantsColors } from './screen/index.js';

// The program: `npx nestjs-redis-ha status`.
const { argv, env, stdin, stdout, stderr } = process;
const args = argv.slice(2);
const CTRL_C = '\u0003';
/** What was written has left by then. */
const ENDS_WITHIN_MS = 500;
const ending = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Whoever asks twice does not want to wait for what is being put right.
    if (ending.signal.aborted) end(EXIT.interrupted);
    ending.abort();
  });
}
// Whoever reads only the first lines, as `head` does, has what they wanted.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}

// Node waits at its exit for a disk that owes an answer, without end: only a signal ends that.
function end(code: number): never {
  const isHeld = process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
  if (isHeld) process.kill(process.pid, 'SIGKILL');
  process.exit(code);
}

async function ask(question: string): Promise<string | null> {
  if (!stdin.isTTY || !stderr.isTTY) return null;
  const lines = createInterface({ input: stdin, output: stderr });
  try {
    return await lines.question(question, { signal: ending.signal });
  } finally {
    lines.close();
  }
}

/** Keys come one by one, without Enter. Ctrl-C is a key like others then, and no signal. */
function keys(hear: (key: string) => void): () => void {
  const heard = (bytes: Buffer): void => {
    const text = bytes.toString();
    if (text.includes(CTRL_C)) process.kill(process.pid, 'SIGINT');
    else for (const key of text) hear(key);
  };
  stdin.setRawMode(true);
  stdin.on('data', heard);
  return () => {
    stdin.off('data', heard);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

const io: CommandIo = {
  out: new Screen(stdout, wantsColors(stdout, env, args)),
  told: new Screen(stderr, wantsColors(stderr, env, args)),
  env,
  signal: ending.signal,
  now: Date.now,
  version: () => versionBeside(realpathSync(argv[1] ?? '')),
  commands: COMMANDS,
  ask,
  ...(stdin.isTTY && stdout.isTTY ? { keys } : {}),
};
void runCli(args, io).then((code) => {
  process.exitCode = code;
  // A name server that is silent keeps the process for half a minute: nobody can end a look-up.
  setTimeout(end, ENDS_WITHIN_MS, code).unref();
});
