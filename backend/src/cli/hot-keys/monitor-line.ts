import { intentOf, keysOf } from '../../redis/commands/index.js';

/** A command, as `MONITOR` tells of it. */
export interface MonitoredCommand {
  readonly name: string;
  readonly keys: readonly string[];
  readonly isWrite: boolean;
}

/**
 * Reads what `MONITOR` says of a command: `1339518083.1 [0 127.0.0.1:60866] "set" "key" "value"`. Returns `null` for what is
 * none, and for commands of scripts, whose keys the script has told already.
 */
export function readMonitorLine(line: string): MonitoredCommand | null {
  const begin = /^\d+\.\d+ \[\d+ (\S+)\] /.exec(line);
  if (begin === null || begin[1] === 'lua') return null;
  const [name, ...args] = wordsIn(line.slice(begin[0].length));
  if (name === undefined) return null;
  const { changes } = intentOf(name, args);
  return { name: name.toLowerCase(), keys: keysOf(name, args).map(keyOf), isWrite: changes };
}

const ESCAPED: Readonly<Record<string, string>> = {
  ...{ n: '\n', r: '\r', t: '\t', a: '\u0007', b: '\b' },
};

// Each byte above 127 stands there by itself.
function keyOf(word: unknown): string {
  return Buffer.from(String(word), 'latin1').toString('utf8');
}

function wordsIn(text: string): string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) =>
    word.replace(/\\(x[0-9a-f]{2}|.)/gi, (_whole, escape: string) =>
      escape.length === 3
        ? String.fromCharCode(parseInt(escape.slice(1), 16))
        : (ESCAPED[escape] ?? escape),
    ),
  );
}
