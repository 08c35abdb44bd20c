import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe as listenTo, unsubscribe as unlisten } from 'node:diagnostics_channel';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Redis, type Command } from 'ioredis';
import {
  startRedisServer,
  waitUntil,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { closeEngines, startEngine, startReadyEngine } from '../support/engines.js';

interface Caller {
  readonly name: string;
}

/** A command that was handed to the driver, and for whom. */
interface Sent {
  readonly name: string;
  readonly key: unknown;
  readonly caller: string | null;
}

const callers = new AsyncLocalStorage<Caller>();
const COMMANDS = 'tracing:ioredis:command:start';

const as = <T>(name: string, run: () => T): T => callers.run({ name }, run);

describe('the async context', () => {
  let server: RedisTestServer;
  let sent: Sent[];
  let stopTracing: () => void;

  beforeAll(async () => {
    server = await startRedisServer();
  });
  beforeEach(() => {
    sent = [];
  });
  afterEach(async () => {
    stopTracing();
    await closeEngines();
    await server.node.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
  });
  afterAll(() => server.stop());

  const note = (name: string, args: readonly unknown[]): void => {
    const key = args[0];
    sent.push({
      name,
      key: key instanceof Buffer ? key.toString() : key,
      caller: callers.getStore()?.name ?? null,
    });
  };
  const callersOf = (key: string): (string | null)[] =>
    sent.filter((one) => one.key === key).map(({ caller }) => caller);

  /** As tracing libraries do: another function in the place of the driver's own. */
  function patchDriver(): () => void {
    const own = Object.getOwnPropertyDescriptor(Redis.prototype, 'sendCommand')!;
    const send = own.value as (this: Redis, ...args: unknown[]) => unknown;
    Redis.prototype.sendCommand = function (this: Redis, ...args: unknown[]): unknown {
      const command = args[0] as Command;
      note(command.name, command.args);
      return send.apply(this, args);
    };
    return () => {
      Object.defineProperty(Redis.prototype, 'sendCommand', own);
    };
  }

  function subscribe(): () => void {
    const listener = (message: unknown): void => {
      const { command, args } = message as { command: string; args: string[] };
      note(command, args);
    };
    listenTo(COMMANDS, listener);
    return () => {
      unlisten(COMMANDS, listener);
    };
  }

  describe.each([
    ['replaces what sends commands', patchDriver],
    ['listens to the channel of the driver', subscribe],
  ])('for a tracer that %s', (_, trace) => {
    beforeEach(() => {
      stopTracing = trace();
    });

    it('is that of the caller when a write has waited for a primary', async () => {
      const { redis } = startEngine(server.options());
      await as('ada', () => redis.set('waited', 1));
      expect(callersOf('waited')).toEqual(['ada']);
    });

    it('is that of each caller when many call in the same turn', async () => {
      const { redis } = await startReadyEngine(server.options());
      const names = ['ada', 'bob', 'cleo'];
      await Promise.all(names.map((name) => as(name, () => redis.set(`of ${name}`, 1))));
      await Promise.all(names.map((name) => as(name, () => redis.get(`of ${name}`))));
      for (const name of names) expect(callersOf(`of ${name}`)).toEqual([name, name]);
    });

    it('is that of the caller when a write was refused and is sent again', async () => {
      const { redis } = await startReadyEngine(server.options());
      await server.node.command('CONFIG', 'SET', 'min-replicas-to-write', '1');
      const written = as('ada', () => redis.set('refused', 1));
      await waitUntil(() => callersOf('refused').length > 1, { what: 'it is tried again' });
      await server.node.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
      await written;
      expect(new Set(callersOf('refused'))).toEqual(new Set(['ada']));
    });

    it('is that of the caller for a transaction and a pipeline', async () => {
      const { redis } = startEngine(server.options());
      await as('ada', () =>
        Promise.all([
          redis.multi().set('in multi', 1).exec(),
          redis.pipeline().set('in pipeline', 1).get('in pipeline').exec(),
        ]),
      );
      expect(callersOf('in multi')).toEqual(['ada']);
      expect(new Set(callersOf('in pipeline'))).toEqual(new Set(['ada']));
    });

    it('is nobody for what the library does by itself, whoever started it', async () => {
      const { redis } = await as('boot', () =>
        startReadyEngine({ ...server.options(), node: { heartbeatIntervalMs: 20 } }),
      );
      await as('ada', () => redis.exclusive((connection) => connection.set('k', 'v')));
      const heartbeats = (): Sent[] => sent.filter(({ name }) => name.toLowerCase() === 'role');
      const before = heartbeats().length;
      await waitUntil(() => heartbeats().length > before + 2, { what: 'heartbeats' });
      expect(new Set(heartbeats().map(({ caller }) => caller))).toEqual(new Set([null]));
    });
  });

  it('of a caller is held by nothing once its work is done', async () => {
    stopTracing = subscribe();
    setFlagsFromString('--expose_gc');
    const collect = runInNewContext('gc') as () => void;
    const { redis, engine } = startEngine(server.options());
    const open = (name: string, ms: number) =>
      engine.keyspaces.open(name, { policy: 'cache', nearMs: ms, maxStaleMs: ms });
    const keyspaces = { near: open('near', 1000), far: open('far', 0) };
    const writeTo = (name: 'near' | 'far') =>
      keyspaces[name].write('k', {
        ...{ kind: 'value', codec: 0, isCompressed: false, body: Buffer.from('v') },
        ...{ freshMs: 60_000, staleMs: 0, groups: ['g'] },
      });
    const works: Record<string, () => Promise<unknown>> = {
      'waits for the connection': () => redis.set('k', 1),
      blocks: () => redis.blpop('nothing', 0.01),
      borrows: () => redis.exclusive((connection) => connection.get('k')),
      subscribes: () => redis.subscribe('news', () => undefined),
      'makes a client': () => redis.createClient().get('k'),
      'writes to a keyspace': () => writeTo('far'),
      'writes to a keyspace with near copies': () => writeTo('near'),
      'reads from a keyspace': () => keyspaces.far.read('k'),
      'drops a group of a keyspace': () => keyspaces.far.dropGroup('g'),
    };
    const held = new Map<string, WeakRef<Caller>>();
    // A function of its own: the last value of a loop is held by the loop.
    const workAs = (name: string, work: () => Promise<unknown>): Promise<unknown> => {
      const caller = { name };
      held.set(name, new WeakRef(caller));
      return callers.run(caller, work);
    };
    for (const [name, work] of Object.entries(works)) await workAs(name, work);
    const holding = (): string[] =>
      [...held].filter(([, ref]) => ref.deref() !== undefined).map(([name]) => name);
    for (let i = 0; i < 20 && holding().length > 0; i++) {
      // An object that was looked at lives until the end of the turn.
      await redis.get('k');
      collect();
    }
    expect(holding()).toEqual([]);
  });
});
