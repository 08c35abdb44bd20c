import type { AnyCommand, CommandEntry } from './define-command.js';
import { EXIT_MEANINGS } from './exit-codes.js';
import { COMMON_OPTIONS, type OptionSpec, type OptionSpecs } from './option-specs.js';
import { wrapText } from '../screen/index.js';

/** What the program is called on a command line. */
export const PROGRAM = 'nestjs-redis-ha';

const FIRST_COLUMN = 30;

/** The help of the program: its commands. */
export function programHelp(commands: readonly CommandEntry[], columns: number): string {
  return [
    `usage: ${PROGRAM} <command> [options]`,
    '',
    ...rows(
      commands.map(({ name, summary }) => [name, summary]),
      columns,
    ),
    '',
    `${PROGRAM} <command> --help says more, ${PROGRAM} --version which one it is. Where Redis is, the program reads from the environment of`,
    'the application: REDIS_SENTINELS, REDIS_PASSWORD and the others of docs/configuration.md, or --env-file.',
    '',
    'Exit codes',
    ...exitRows(EXIT_MEANINGS, columns),
  ].join('\n');
}

/** The help of one command. */
export function commandHelp(name: string, command: AnyCommand, columns: number): string {
  const words = command.arguments.map(({ name: word, isOptional, isMany }) => {
    const shown = isMany === true ? `${word} ...` : word;
    return isOptional === true ? `[${shown}]` : `<${shown}>`;
  });
  return [
    ['usage:', PROGRAM, name, ...words, '[options]'].join(' '),
    '',
    ...wrapText(`${command.summary}. ${command.details ?? ''}`.trim(), columns),
    ...part('Arguments', argumentRows(command, columns)),
    ...part('Options', optionRows(command.options, columns)),
    ...part('Options of every command', optionRows(COMMON_OPTIONS, columns)),
    ...part(
      'Examples',
      rows(
        command.examples.map(([typed, does]) => [`${PROGRAM} ${typed}`, does]),
        columns,
      ),
    ),
    ...part('Exit codes', exitRows(command.exits ?? EXIT_MEANINGS, columns)),
  ].join('\n');
}

function part(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines];
}

function argumentRows(command: AnyCommand, columns: number): string[] {
  const told = command.arguments.map(({ name, about, words }): [string, string] => [
    name,
    words === undefined ? about : `${about}: ${words.join(', ')}`,
  ]);
  return rows(told, columns);
}

function optionRows(specs: OptionSpecs, columns: number): string[] {
  const told = Object.entries(specs).map(([name, spec]): [string, string] => [
    `--${name}${valueShown(spec)}${spec.short === undefined ? '' : `, -${spec.short}`}`,
    spec.about,
  ]);
  return rows(told, columns);
}

function valueShown(spec: OptionSpec): string {
  switch (spec.kind) {
    case 'flag':
      return '';
    case 'choice':
      return ` ${spec.words.join('|')}`;
    case 'duration':
      return ' 30s';
    default:
      return ` ${spec.value}`;
  }
}

function exitRows(codes: readonly (readonly [number, string])[], columns: number): string[] {
  return rows(
    codes.map(([code, means]) => [String(code), means]),
    columns,
    6,
  );
}

// What does not fit before the second column gets a line of its own.
function rows(
  told: readonly (readonly [string, string])[],
  columns: number,
  first = FIRST_COLUMN,
): string[] {
  return told.flatMap(([left, right]) => {
    const lines = wrapText(right, Math.max(20, columns - first - 2));
    const isShort = left.length <= first - 2;
    const head = isShort ? [`  ${left.padEnd(first)}${lines[0] ?? ''}`] : [`  ${left}`];
    const rest = isShort ? lines.slice(1) : lines;
    return [...head, ...rest.map((line) => `${' '.repeat(first + 2)}${line}`)];
  });
}
