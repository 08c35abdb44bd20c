import { keysOf } from '../../src/redis/commands/table/command-keys.js';
import { everyServer } from '../support/servers.js';
import { intentOf } from '../../src/redis/commands/index.js';
import { COMMAND_TABLE } from '../../src/redis/commands/table/command-table.js';
import {
  RespClient,
  startRedisServer,
  type RedisTestServer,
  type RespValue,
} from '../../src/redis/testing/index.js';

/** One command, as the server describes it; subcommands as `container|subcommand`. */
interface Described {
  readonly name: string;
  /** The number of words with its name; negative when it may have more. */
  readonly arity: number;
  readonly flags: ReadonlySet<string>;
}

describe.each(everyServer())('the table of commands, on $version', ({ path }) => {
  let server: RedisTestServer;
  let client: RespClient;
  let described: Described[];

  beforeAll(async () => {
    server = await startRedisServer({ redisServerPath: path });
    client = await RespClient.connect(server.node.clientAddress, { deadlineMs: 5000 });
    described = flatten(await client.command(['COMMAND']));
  });

  afterAll(async () => {
    client.close();
    await server.stop();
  });

  const named = (isMeant: (one: Described) => boolean): string[] =>
    described.filter(isMeant).map(({ name }) => name);
  const isKnown = (name: string): boolean => COMMAND_TABLE.has(name);

  it('is compared with a server that has something to say', () => {
    expect(described.length).toBeGreaterThan(200);
    expect(named(({ name }) => isKnown(name)).length).toBeGreaterThan(200);
  });

  it('knows every command of this server', () => {
    expect(named(({ name }) => !isKnown(name))).toEqual([]);
  });

  it.each([
    ['write', 'write'],
    ['readonly', 'read'],
  ])('has exactly the commands with the flag %s among those that %s', (flag, meant) => {
    const inTable = (name: string): boolean => COMMAND_TABLE.get(name)?.flag === meant;
    expect(named(({ name, flags }) => flags.has(flag) !== inTable(name))).toEqual([]);
  });

  it('calls none fast that this server does not', () => {
    const isFast = (name: string): boolean => COMMAND_TABLE.get(name)?.isFast === true;
    expect(named(({ name, flags }) => isFast(name) && !flags.has('fast'))).toEqual([]);
    expect(named(({ name }) => isFast(name)).length).toBeGreaterThan(90);
  });

  it('knows which commands may wait in the server', () => {
    const waits = (name: string): boolean => COMMAND_TABLE.get(name)?.isBlocking === true;
    expect(named(({ name, flags }) => flags.has('blocking') && !waits(name))).toEqual([]);
    // Redis 7.0 does not say so of WAIT, which waits all the same.
    const doubtful = named(({ name, flags }) => waits(name) && !flags.has('blocking'));
    expect(doubtful.filter((name) => name !== 'wait')).toEqual([]);
  });

  /** Returns the keys that the server sees in a command; `null` when it takes no such command. */
  const keysForServer = async (words: readonly string[]): Promise<RespValue> => {
    try {
      return await client.command(['COMMAND', 'GETKEYS', ...words]);
    } catch (error) {
      return String(error).includes('no key arguments') ? [] : null;
    }
  };

  it('finds the keys that the server finds, in every command with every number of words', async () => {
    const wrong: unknown[] = [];
    let withKeys = 0;
    for (const { name, arity } of described) {
      for (const words of samplesOf(name, arity)) {
        const [command = '', ...args] = words;
        const expected = await keysForServer(words);
        if (expected === null) continue;
        const keys = keysOf(command, args);
        withKeys += keys.length === 0 ? 0 : 1;
        if (JSON.stringify(keys) !== JSON.stringify(expected))
          wrong.push({ words, keys, expected });
      }
    }
    expect(wrong).toEqual([]);
    expect(withKeys).toBeGreaterThan(500);
  });

  it.each([
    'XREAD COUNT 2 BLOCK 10 STREAMS streams block 0 0',
    'XREADGROUP GROUP streams block COUNT 1 NOACK STREAMS s t > >',
    'SORT s BY w_* LIMIT 0 1 GET v_* STORE t',
    'SORT_RO s BY w_*',
    'GEORADIUS g 1 2 3 km STORE t',
    'GEORADIUSBYMEMBER g member 3 km COUNT 3 STOREDIST t',
    'MIGRATE host 6379 k 0 100',
    'MIGRATE host 6379 k 0 100 COPY AUTH KEYS',
    'ZUNIONSTORE t 2 a b WEIGHTS 1 2',
    'EVAL script 1 a b c',
    'EVALSHA digest 0 a',
    'BITOP AND t a b c',
    'MSET a 1 b 2',
    'memory USAGE k SAMPLES 5',
  ])('finds the keys that the server finds in %s', async (line) => {
    const [name = '', ...args] = line.split(' ');
    expect(keysOf(name, args)).toEqual(await keysForServer([name, ...args]));
  });

  it('finds the keys of MIGRATE behind the word KEYS', async () => {
    const args = ['host', '6379', '', '0', '100', 'COPY', 'KEYS', 'a', 'b'];
    expect(keysOf('migrate', args)).toEqual(['a', 'b']);
    await expect(keysForServer(['MIGRATE', ...args])).resolves.toEqual(['a', 'b']);
  });

  it('sends no command that writes to a replica, and holds up nobody with one that waits', () => {
    const wrong = described.filter(({ name, flags }) => {
      const [command = '', ...subcommand] = name.split('|');
      const { route } = intentOf(command, subcommand);
      if (flags.has('write') && route === 'read') return true;
      // XREAD and XREADGROUP wait only with BLOCK.
      return flags.has('blocking') && !/^xread/.test(name) && !/^(blocking|refused)$/.test(route);
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});

// Every number of words that the command takes, up to some more than it needs. Where a number of keys stands, it is 2.
function samplesOf(name: string, arity: number): string[][] {
  const head = name.split('|');
  const rule = COMMAND_TABLE.get(name)?.keys ?? '';
  // What begins with a word is asked about line by line below: the words have to mean something.
  // Sharded channels belong to a slot like keys, but the server does not list them.
  if (/[A-Z]/.test(rule) || /^(spublish|ssubscribe|sunsubscribe)$/.test(name)) return [];
  const count = /#(\d+)/.exec(rule)?.[1];
  const least = Math.abs(arity);
  const lengths = arity < 0 ? [0, 1, 2, 3, 4, 5, 6].map((more) => least + more) : [least];
  return lengths.map((length) => {
    const words = Array.from({ length }, (_, i) => head[i] ?? `word${String(i)}`);
    if (count !== undefined) words[Number(count)] = '2';
    return words;
  });
}

function flatten(answer: RespValue): Described[] {
  if (!Array.isArray(answer)) return [];
  return (answer as readonly RespValue[]).flatMap((entry) => {
    if (!Array.isArray(entry)) return [];
    const [name, arity, flags, , , , , , , subcommands] = entry as readonly RespValue[];
    const below = flatten(subcommands ?? null);
    if (below.length > 0) return below;
    const list = Array.isArray(flags) ? (flags as readonly RespValue[]) : [];
    return [
      { name: textOf(name).toLowerCase(), arity: Number(arity), flags: new Set(list.map(textOf)) },
    ];
  });
}

function textOf(value: RespValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
