import { parseArgs, type ParseArgsConfig } from 'node:util';
import { nearestName } from '../../redis/base/options/index.js';
import { CliError } from './cli-error.js';
import type { AnyCommand, Typed } from './define-command.js';
import { readDuration } from './durations.js';
import {
  COMMON_OPTIONS,
  type ArgumentSpec,
  type OptionSpec,
  type OptionSpecs,
} from './option-specs.js';

type Raw = ReturnType<typeof parseArgs>['values'][string];

/** Returns the options of a command with those of every command. */
export function allOptions(command: Pick<AnyCommand, 'options'>): OptionSpecs {
  return { ...command.options, ...COMMON_OPTIONS };
}

/**
 * Reads what was typed behind the name of a command.
 *
 * @throws {@link CliError} `misused` that names what is wrong, and what would be right.
 */
export function readTyped(
  name: string,
  command: AnyCommand,
  args: readonly string[],
): Typed<never> {
  const specs = allOptions(command);
  const { values, positionals } = parse(name, specs, args);
  const options = Object.fromEntries(
    Object.entries(specs).map(([option, spec]) => [option, valueOf(option, spec, values[option])]),
  );
  if (options['help'] !== true) checkWords(name, command.arguments, positionals);
  return { words: positionals, options: options as never };
}

function parse(
  name: string,
  specs: OptionSpecs,
  args: readonly string[],
): Pick<ReturnType<typeof parseArgs>, 'values' | 'positionals'> {
  const options: NonNullable<ParseArgsConfig['options']> = Object.fromEntries(
    Object.entries(specs).map(([option, spec]) => [
      option,
      {
        type: spec.kind === 'flag' ? 'boolean' : 'string',
        // All of a kind that is meant once are looked at below: the last would win in silence.
        multiple: true,
        ...(spec.short === undefined ? {} : { short: spec.short }),
      } as const,
    ]),
  );
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw misread(name, specs, error);
  }
}

function misread(name: string, specs: OptionSpecs, error: unknown): CliError {
  const said = error instanceof Error ? error.message : String(error);
  const unknown = /Unknown option '(--?[^']+)'/.exec(said)?.[1];
  const help = seeHelp(name);
  if (unknown !== undefined) {
    const near = nearestName(unknown.replace(/^-+/, ''), Object.keys(specs));
    return CliError.misused(
      `${name} has no option ${unknown}`,
      near === undefined ? help : `Did you mean --${near}? ${help}`,
    );
  }
  const option = /Option '([^']+)'/.exec(said)?.[1] ?? 'an option';
  const shown = option.replace(/ <value>$/, '').replace(/^-\w, /, '');
  return /does not take an argument/.test(said)
    ? CliError.misused(`${shown} takes no value`, help)
    : CliError.misused(`${shown} needs a value`, help);
}

function valueOf(option: string, spec: OptionSpec, raw: Raw): unknown {
  const given = (Array.isArray(raw) ? raw : []).map(String);
  if (spec.kind === 'flag') return given.length > 0;
  if (spec.kind === 'text' && spec.isMany === true) return given;
  const [text, ...others] = given;
  if (text === undefined) return null;
  if (others.length > 0) {
    throw CliError.misused(`--${option} is given ${String(given.length)} times`, 'Give it once');
  }
  return oneValue(option, spec, text);
}

function oneValue(option: string, spec: OptionSpec, text: string): unknown {
  switch (spec.kind) {
    case 'number':
      return numberIn(option, spec, text);
    case 'duration':
      return readDuration(`--${option}`, text, spec);
    case 'choice':
      if (spec.words.includes(text)) return text;
      throw CliError.misused(
        `--${option} ${text} does not exist`,
        `Write one of: ${spec.words.join(', ')}`,
      );
    default:
      if (text !== '') return text;
      throw CliError.misused(`--${option} is empty`, 'Give it a value, or leave it out');
  }
}

function numberIn(
  option: string,
  { min, max }: Extract<OptionSpec, { kind: 'number' }>,
  text: string,
): number {
  const number = /^-?\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  throw CliError.misused(
    `--${option} ${text} is not possible`,
    `Write a whole number from ${String(min)} to ${String(max)}`,
  );
}

function checkWords(name: string, specs: readonly ArgumentSpec[], words: readonly string[]): void {
  for (const [at, spec] of specs.entries()) checkWord(name, spec, words[at]);
  const extra = words[specs.length];
  if (extra === undefined || specs.at(-1)?.isMany === true) return;
  throw CliError.misused(`${name} does not know what to do with "${extra}"`, seeHelp(name));
}

function checkWord(name: string, spec: ArgumentSpec, word: string | undefined): void {
  const { words } = spec;
  const choice = words === undefined ? seeHelp(name) : `Write one of: ${words.join(', ')}`;
  if (word === undefined) {
    if (spec.isOptional === true) return;
    throw CliError.misused(`${name} needs <${spec.name}>: ${spec.about}`, choice);
  }
  if (words === undefined || words.includes(word)) return;
  const near = nearestName(word, words);
  const remedy = near === undefined ? choice : `Did you mean ${near}? ${seeHelp(name)}`;
  throw CliError.misused(`${name} ${word} does not exist`, remedy);
}

function seeHelp(name: string): string {
  return `See nestjs-redis-ha ${name} --help`;
}
