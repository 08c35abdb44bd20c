import { codeOf, RedisHaError, safeMessage } from '../../redis/base/errors/index.js';
import { nearestName } from '../../redis/base/options/index.js';
import { CliError } from './cli-error.js';
import type { AnyCommand, CommandEntry, CommandIo } from './define-command.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { commandHelp, PROGRAM, programHelp } from './help.js';
import { readTyped } from './read-typed.js';

const HELP_WORDS = ['help', '--help', '-h'];
const VERSION_WORDS = ['--version', '-v'];

/** Runs what was typed. Resolves with the exit code; it never rejects. */
export async function runCli(args: readonly string[], io: CommandIo): Promise<ExitCode> {
  try {
    return await run(args, io);
  } catch (error) {
    // Whoever ended it need not be told of that, but of what it leaves behind.
    const leavesDamage = error instanceof CliError && error.exitCode === EXIT.unwell;
    if (io.signal.aborted && !leavesDamage) return EXIT.interrupted;
    const told = explained(error);
    tellError(told, args.includes('--json'), io);
    return told.exitCode;
  }
}

async function run(args: readonly string[], io: CommandIo): Promise<ExitCode> {
  const { commands } = io;
  const [name, ...rest] = args;
  if (name === undefined) {
    io.told.line(programHelp(commands, io.told.columns));
    return EXIT.misused;
  }
  if (HELP_WORDS.includes(name)) {
    const [about] = rest;
    if (about !== undefined && !about.startsWith('-')) return run([about, '--help'], io);
    io.out.line(programHelp(commands, io.out.columns));
    return EXIT.done;
  }
  if (VERSION_WORDS.includes(name)) {
    io.out.line(io.version());
    return EXIT.done;
  }
  return runCommand(name, rest, io);
}

async function runCommand(name: string, args: readonly string[], io: CommandIo): Promise<ExitCode> {
  const command = await find(io.commands, name);
  const typed = readTyped(name, command, args);
  if ((typed.options as { readonly help: boolean }).help) {
    io.out.line(commandHelp(name, command, io.out.columns));
    return EXIT.done;
  }
  const code = await command.run(typed, io);
  return io.signal.aborted && code === EXIT.done ? EXIT.interrupted : code;
}

async function find(commands: readonly CommandEntry[], name: string): Promise<AnyCommand> {
  const entry = commands.find((command) => command.name === name);
  if (entry !== undefined) return entry.load();
  const names = commands.map((command) => command.name);
  const near = nearestName(name, names);
  throw CliError.misused(
    name.startsWith('-') ? `${name} stands before the command` : `there is no command ${name}`,
    near === undefined ? `See ${PROGRAM} --help` : `Did you mean ${near}? See ${PROGRAM} --help`,
  );
}

/** Tells why it could not be done, in one line; never more than a program needs. */
function tellError({ code, message, remedy }: Explained, isJson: boolean, io: CommandIo): void {
  if (isJson) {
    io.out.line(JSON.stringify({ error: { code: code ?? undefined, message, remedy } }));
    return;
  }
  const { styles } = io.told;
  const named = code === null ? message : `${code}: ${message}`;
  io.told.line(`${styles.bad('error')} ${named.replace(/\.$/, '')}. ${remedy}`.trimEnd());
}

interface Explained extends Pick<CliError, 'message' | 'remedy' | 'exitCode'> {
  readonly code: string | null;
}

function explained(error: unknown): Explained {
  if (error instanceof CliError) return error;
  const message = oneLine(safeMessage(error));
  if (RedisHaError.is(error)) {
    const code = codeOf(error);
    // What the library says names what to do itself. Its options are what was typed, or stands in the environment.
    const exitCode = code === 'CONFIG_INVALID' ? EXIT.misused : EXIT.failed;
    return { code, message, remedy: '', exitCode };
  }
  const remedy = 'This was not expected: see whether nodes and disk are there, and try again';
  return { code: null, message, remedy, exitCode: EXIT.failed };
}

function oneLine(text: string): string {
  return text.replace(/:\s*\n\s*-\s*/, ': ').replace(/\s*\n\s*(-\s+)?/g, '; ');
}
