// @ts-check
// Writes backend/src/redis/commands/table/command-table.ts from what Redis itself says of its commands.
//   node scripts/generate-command-table.mjs [path of a redis-server or valkey-server ...]
// Several servers give the union of their commands. Without an argument: redis-server from PATH.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { freePort } from './lib/ports.mjs';

const OUTPUT = 'backend/src/redis/commands/table/command-table.ts';
const servers = process.argv.slice(2);
if (servers.length === 0) servers.push('redis-server');

/**
 * What COMMAND says of one command: name, arity, flags, first key, last key, step, categories, tips, key
 * specifications and subcommands.
 * @typedef {[string, number, string[], number, number, number, unknown, unknown, unknown[][], Command[]?]} Command
 */

/**
 * A command in the table. `keys` is written as command-rows.ts describes it.
 * @typedef {{ kind: Kind, isFast: boolean, isBlocking: boolean, keys: string }} Row
 * @typedef {'read' | 'write' | 'other'} Kind
 */

/**
 * Where Redis says that the position of a key depends on the other arguments, and cannot say how.
 * @type {Record<string, string>}
 */
const KEYS_BY_HAND = {
  sort: '1,STORE@2',
  sort_ro: '1',
  migrate: 'KEYS@6:-1|3',
  // Groups, consumers and streams may have any name, so these need to be read from the left.
  xread: 'STREAMS',
  xreadgroup: 'STREAMS',
};

// What Valkey 8.1.1 has beyond Redis, so that the table can be written where there is no Valkey.
const ONLY_IN_VALKEY =
  'client|capa client|import-source cluster|slot-stats commandlog|get commandlog|help ' +
  'commandlog|len commandlog|reset script|show';

/** @type {Map<string, Row>} */
const rows = new Map();
/** @type {string[]} */
const versions = [];
for (const server of servers) {
  const { commands, version } = await askServer(server);
  versions.push(version);
  for (const command of commands) note(command);
}
if (!versions.some((version) => version.startsWith('valkey'))) {
  versions.push('valkey 8.1.1');
  for (const name of ONLY_IN_VALKEY.split(' ')) {
    add(name, { kind: 'other', isFast: false, isBlocking: false, keys: '' });
  }
}
writeFileSync(OUTPUT, render());
console.log(`${OUTPUT}: ${rows.size} commands (${versions.join(', ')})`);

/** @param {Command} command */
function note(command) {
  const [rawName, , flags, , , , , , , subcommands = []] = command;
  if (subcommands.length > 0) {
    for (const subcommand of subcommands) note(subcommand);
    return;
  }
  const name = rawName.toLowerCase();
  /** @param {string} flag */
  const has = (flag) => flags.includes(flag);
  add(name, {
    kind: has('readonly') ? 'read' : has('write') ? 'write' : 'other',
    isFast: has('fast'),
    isBlocking: has('blocking'),
    keys: KEYS_BY_HAND[name] ?? keysOf(command),
  });
}

/**
 * A command is fast when every server says so, and blocking when one does. The last server asked knows best
 * where its keys are.
 * @param {string} name
 * @param {Row} row
 */
function add(name, row) {
  const known = rows.get(name);
  if (known !== undefined && known.kind !== row.kind) {
    throw new Error(`${name} is ${known.kind} for one server and ${row.kind} for another`);
  }
  rows.set(name, {
    ...row,
    isFast: row.isFast && (known?.isFast ?? true),
    isBlocking: row.isBlocking || (known?.isBlocking ?? false),
  });
}

/** @param {Command} command */
function keysOf([name, , flags, first, last, step, , , specs]) {
  if (!flags.includes('movablekeys')) return first === 0 ? '' : range(first, last, step);
  return specs
    .map((spec) => {
      const begin = part(spec, 'begin_search');
      const find = part(spec, 'find_keys');
      if (begin.type === 'index' && find.type === 'keynum') return `#${begin.index}`;
      if (find.type !== 'range') throw new Error(`${name} needs a rule in KEYS_BY_HAND`);
      if (begin.type === 'index') {
        const to = Number(find.lastkey);
        const from = Number(begin.index);
        return range(from, to < 0 ? to : from + to, Number(find.keystep));
      }
      if (find.lastkey !== 0) throw new Error(`${name} needs a rule in KEYS_BY_HAND`);
      return `${begin.keyword}@${begin.startfrom}`;
    })
    .join(',');
}

/**
 * @param {number} first
 * @param {number} last
 * @param {number} step
 */
function range(first, last, step) {
  if (last === first) return `${first}`;
  return step === 1 ? `${first}:${last}` : `${first}:${last}:${step}`;
}

/**
 * Returns the type of one part of a key specification, together with its members.
 * @param {unknown[]} spec
 * @param {string} name
 * @returns {Record<string, unknown>}
 */
function part(spec, name) {
  const outer = pairs(spec)[name];
  const { type, spec: inner } = pairs(/** @type {unknown[]} */ (outer));
  return { ...pairs(/** @type {unknown[]} */ (inner)), type };
}

/**
 * @param {unknown[]} list
 * @returns {Record<string, unknown>}
 */
function pairs(list) {
  return Object.fromEntries(
    list.flatMap((name, i) => (i % 2 === 0 ? [[String(name), list[i + 1]]] : [])),
  );
}

/** @param {string} path */
async function askServer(path) {
  const port = await freePort(0);
  const child = spawn(path, ['--port', String(port), '--save', '', '--bind', '127.0.0.1'], {
    stdio: 'ignore',
  });
  const redis = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50 });
  redis.on('error', () => {});
  try {
    const commands = /** @type {Command[]} */ (await redis.call('COMMAND'));
    const info = await redis.info('server');
    const valkey = /valkey_version:(\S+)/.exec(info)?.[1];
    return {
      commands,
      version: valkey ? `valkey ${valkey}` : `redis ${/redis_version:(\S+)/.exec(info)?.[1]}`,
    };
  } finally {
    redis.disconnect();
    child.kill();
  }
}

function render() {
  return `// Generated by scripts/generate-command-table.mjs from ${versions.join(', ')}. Do not edit.
import { readRows, type CommandRow } from './command-rows.js';

/** Every command of these servers. Subcommands are written \`container|subcommand\`. */
export const COMMAND_TABLE: ReadonlyMap<string, CommandRow> = new Map([
  ...readRows(
    'read',
${list('read')},
  ),
  ...readRows(
    'write',
${list('write')},
  ),
  ...readRows(
    'other',
${list('other')},
  ),
]);
`;
}

/** @param {Kind} kind */
function list(kind) {
  const usual = kind === 'other' ? '' : '1';
  const words = [...rows]
    .filter(([, row]) => row.kind === kind)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, row]) => {
      const marks = `${row.isFast ? '+' : ''}${row.isBlocking ? '*' : ''}`;
      return `${name}${marks}${row.keys === usual ? '' : `=${row.keys}`}`;
    });
  return wrap(words);
}

/** @param {readonly string[]} words */
function wrap(words) {
  const lines = [];
  let line = '';
  for (const word of words) {
    if (line.length + word.length > 82) {
      lines.push(line);
      line = '';
    }
    line += `${word} `;
  }
  lines.push(line.trimEnd());
  return lines.map((each, i) => `${i === 0 ? '    ' : '      '}'${each}'`).join(' +\n');
}
