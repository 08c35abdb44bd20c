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
  readonly flags: ReadonlySet<string>;
}

describe('the table of commands', () => {
  let server: RedisTestServer;
  let described: Described[];

  beforeAll(async () => {
    server = await startRedisServer();
    const client = await RespClient.connect(server.node.clientAddress, { deadlineMs: 5000 });
    described = flatten(await client.command(['COMMAND']));
    client.close();
  });

  afterAll(() => server.stop());

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

  it('sends no command that writes to a replica, and holds up nobody with one that waits', () => {
    const wrong = described.filter(({ name, flags }) => {
      const [command = '', ...subcommand] = name.split('|');
      const { route } = intentOf(command, subcommand);
      if (flags.has('write') && route === 'read') return true;
      // XREAD and XREADGROUP wait only when they are told to.
      return flags.has('blocking') && !/^xread/.test(name) && !/^(blocking|refused)$/.test(route);
    });
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});

function flatten(answer: RespValue): Described[] {
  if (!Array.isArray(answer)) return [];
  return (answer as readonly RespValue[]).flatMap((entry) => {
    if (!Array.isArray(entry)) return [];
    const [name, , flags, , , , , , , subcommands] = entry as readonly RespValue[];
    const below = flatten(subcommands ?? null);
    if (below.length > 0) return below;
    const list = Array.isArray(flags) ? (flags as readonly RespValue[]) : [];
    return [{ name: textOf(name).toLowerCase(), flags: new Set(list.map(textOf)) }];
  });
}

function textOf(value: RespValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
