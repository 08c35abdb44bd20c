import { intentOf } from '../../src/redis/commands/index.js';
import {
  BLOCKING_COMMANDS,
  OTHER_COMMANDS,
  READ_COMMANDS,
  WRITE_COMMANDS,
} from '../../src/redis/commands/table/command-table.js';
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
  const isKnown = (name: string): boolean =>
    READ_COMMANDS.has(name) || WRITE_COMMANDS.has(name) || OTHER_COMMANDS.has(name);

  it('is compared with a server that has something to say', () => {
    expect(described.length).toBeGreaterThan(200);
    expect(named(({ name }) => isKnown(name)).length).toBeGreaterThan(200);
  });

  it('knows every command of this server', () => {
    expect(named(({ name }) => !isKnown(name))).toEqual([]);
  });

  it('has every command that writes among the writes', () => {
    expect(
      named(({ name, flags }) => flags.has('write') && isKnown(name) && !WRITE_COMMANDS.has(name)),
    ).toEqual([]);
  });

  it('has every command that only reads among the reads', () => {
    expect(
      named(
        ({ name, flags }) => flags.has('readonly') && isKnown(name) && !READ_COMMANDS.has(name),
      ),
    ).toEqual([]);
  });

  it('has no others among them', () => {
    const kind = ({ name, flags }: Described): boolean =>
      isKnown(name) &&
      (READ_COMMANDS.has(name) !== flags.has('readonly') ||
        WRITE_COMMANDS.has(name) !== flags.has('write'));
    expect(named(kind)).toEqual([]);
  });

  it('knows which commands may wait in the server', () => {
    expect(
      named(({ name, flags }) => flags.has('blocking') && !BLOCKING_COMMANDS.has(name)),
    ).toEqual([]);
    // Redis 7.0 does not report WAIT as blocking, although it blocks.
    const doubtful = named(
      ({ name, flags }) => BLOCKING_COMMANDS.has(name) && !flags.has('blocking'),
    );
    expect(doubtful.filter((name) => name !== 'wait')).toEqual([]);
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
