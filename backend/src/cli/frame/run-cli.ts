import { codeOf, RedisHaError, safeMessage } from '../../redis/base/errors/index.js';
import { nearestName } from '../../redis/base/options/index.js';
import { CliError } from './cli-error.js';
import type { AnyCommand, CommandEntry, CommandIo } from './define-command.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { commandHelp, PROGRAM, programHelp } from './help.js';
import { readTyped } from './read-typed.js';

const HELP_WORDS = ['help', '--help', '-h'];

/** Runs what was typed. Resolves with the exit code; it never rejects. */
export async function runCli(args: readonly string[], io: CommandIo): Promise<ExitCode> {
  try {
    return await run(args, io);
  } catch (error) {
    if (io.signal.aborted) return EXIT.interrupted;
    tellError(error, args.includes('--json'), io);
    return error instanceof CliError ? error.exitCode : EXIT.failed;
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
function tellError(error: unknown, isJson: boolean, io: CommandIo): void {
  const { message, remedy } = explained(error);
  if (isJson) {
    const code = RedisHaError.is(error) ? codeOf(error) : undefined;
    io.out.line(JSON.stringify({ error: { code, message, remedy } }));
    return;
  }
  const { styles } = io.told;
  io.told.line(`${styles.bad('error')} ${message.replace(/\.$/, '')}. ${remedy}`);
}

function explained(error: unknown): { readonly message: string; readonly remedy: string } {
  if (error instanceof CliError) return error;
  // What the library says names what to do itself.
  if (RedisHaError.is(error)) return { message: oneLine(safeMessage(error)), remedy: '' };
  return {
    message: oneLine(safeMessage(error)),
    remedy: 'This was not expected: see whether nodes and disk are there, and try again',
  };
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, '; ');
}
