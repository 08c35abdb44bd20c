import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const root = join(__dirname, '..', '..', '..');

/** A word that has, or had, another meaning somewhere. `in`: where it may not stand; `but`: except there. */
interface Banned {
  readonly word: RegExp;
  readonly instead: string;
  readonly in: RegExp;
  readonly but?: RegExp;
}

const LIBRARY = /^backend\/src\/redis\//;
const TYPESCRIPT = /^backend\//;
const EVERYWHERE = /^(backend|docs\/(?!decisions|reports)|README|CONTRIBUTING)/;

// The glossary of docs/README.md says what each word means. This is the part of it that can be proved.
const BANNED: readonly Banned[] = [
  { word: /\b[Ll]anes?\b/, instead: 'guard, or direction', in: LIBRARY },
  {
    word: /[Pp]robe/,
    instead: 'first write, or recovery check: a probe is what Kubernetes sends',
    in: LIBRARY,
    but: /redis\/(health|metrics)\/|redis\/index\.ts$/,
  },
  {
    word: /\b[Ll]ease/,
    instead: 'loan: a lease is the right to load',
    in: LIBRARY,
    but: /redis\/(cache|keyspace)\/|redis\/index\.ts$/,
  },
  {
    word: /redis\.session\(|RedisSession\b/,
    instead: 'redis.exclusive(): a session is a login',
    in: EVERYWHERE,
  },
  {
    word: /\b[a-z]*Session/,
    instead: 'exclusive connection: a session is a login',
    in: /^backend\/src\/redis\/(cluster|commands)\//,
  },
  {
    word: /Namespace/,
    instead: 'keyspace: a namespace is a named part of the cache',
    in: LIBRARY,
    but: /redis\/(cache|metrics|liaoliaots)\/|redis\/index\.ts$/,
  },
  {
    word: /\b[Mm]eters?\b|\b\w*(Figures|Facts)\b/,
    instead: 'stats, status or metrics',
    in: LIBRARY,
  },
  {
    word: /\b(MOST|LONGEST|FEWEST|LEAST|SHORTEST)_[A-Z]/,
    instead: 'MAX_ or MIN_',
    in: TYPESCRIPT,
  },
  {
    word: /\bAnswers? (whether|if|false|true|null|how many|the (new )?value)\b/,
    instead: 'Returns: a function returns, a server answers',
    in: LIBRARY,
  },
  {
    word: /\b(come|came) by\b|\bwhat (became|becomes|came) of\b|\bof one's own\b|\bowes? answers\b/,
    instead:
      'plain English: where it came from, its outcome, a … of its own, has unanswered commands',
    in: LIBRARY,
  },
  {
    word: /\b(interface|type|class) \w+(Parts|Core|Surroundings|Terms|Settings|Bounds)\b/,
    instead: '…Options for what a user sets, …Deps for what a class is given',
    in: LIBRARY,
  },
];

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs|md)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => !file.includes('node_modules'));
}

const files = [...filesBelow('backend'), ...filesBelow('docs'), 'README.md', 'CONTRIBUTING.md']
  // This file names them all.
  .filter((file) => !file.endsWith('words.spec.ts'));

describe('one word stands for one thing', () => {
  it.each(BANNED.map((banned) => [banned.word.source, banned] as const))(
    'nobody writes %s',
    (_source, { word, instead, in: place, but }) => {
      const places = files
        .filter((file) => place.test(file) && but?.test(file) !== true)
        .flatMap((file) =>
          readFileSync(join(root, file), 'utf8')
            .split('\n')
            .flatMap((line, at) => (word.test(line) ? [`${file}:${String(at + 1)} ${line}`] : [])),
        );
      expect({ instead, places }).toEqual({ instead, places: [] });
    },
  );
});
