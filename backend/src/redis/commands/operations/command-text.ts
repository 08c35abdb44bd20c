import type { CommandText } from '../../base/operations/index.js';
import { keyIndexes } from '../table/command-keys.js';
import type { QueuedCommand } from '../table/payloads.js';

type Called = Pick<QueuedCommand, 'name' | 'args'>;

const MAX_WORDS = 16;
const MAX_COMMANDS = 16;
const NAME = /^[\w.|-]{1,64}$/;
const RUNS_SCRIPT = /^(evalsha|fcall)(_ro)?$/i;
// What stands before the first separator of a key says what kind of thing it is, if it has only letters.
const KIND_OF_KEY = /^([a-z]{1,32}[:/.])./i;

/** Returns how a command is named and shown to those who watch. */
export function commandText({ name, args }: Called): CommandText {
  return {
    name: shownName(name),
    batchSize: null,
    script: RUNS_SCRIPT.test(shownName(name)) ? nameOfScript(args[0]) : null,
    text: () => textOf({ name, args }),
  };
}

/** Returns how commands that are sent together are named and shown to those who watch. */
export function batchText(kind: 'PIPELINE' | 'MULTI', commands: readonly Called[]): CommandText {
  const names = new Set(commands.map(({ name }) => shownName(name)));
  const [only] = names;
  return {
    name: names.size === 1 && only !== undefined ? `${kind} ${only}` : kind,
    batchSize: commands.length === 1 ? null : commands.length,
    script: null,
    text: () => {
      const shown = commands.slice(0, MAX_COMMANDS).map(textOf).join('; ');
      return commands.length > MAX_COMMANDS ? `${shown}; …` : shown;
    },
  };
}

function shownName(name: unknown): string {
  return typeof name === 'string' && NAME.test(name) ? name : '_OTHER';
}

function nameOfScript(word: unknown): string | null {
  return typeof word === 'string' && NAME.test(word) ? word : null;
}

// Of a key the kind is left, of everything else nothing. Nothing was checked yet: a name may be anything.
function textOf({ name, args }: Called): string {
  const words = args.flat();
  const known = shownName(name);
  const keys = new Set(keyIndexes(known, words));
  const shown = words
    .slice(0, MAX_WORDS)
    .map((word, index) => (keys.has(index) ? `${kindOf(word)}?` : '?'));
  const rest = words.length > MAX_WORDS ? ['…'] : [];
  return [known, ...shown, ...rest].join(' ');
}

function kindOf(key: unknown): string {
  return typeof key === 'string' ? (KIND_OF_KEY.exec(key)?.[1] ?? '') : '';
}
