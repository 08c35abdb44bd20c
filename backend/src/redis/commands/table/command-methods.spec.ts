import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { driverCommandNames, type Encoding } from '../../cluster/connection/index.js';
import type { BatchResult, QueuedCommand } from './payloads.js';
import {
  type ChainedCommands,
  CommandBatch,
  defineCommandMethods,
  newBatch,
  WITHHELD_COMMANDS,
} from './command-methods.js';

type AnyMethods = Record<string, (...args: unknown[]) => Promise<unknown>>;

// What the types give to RedisService and to pipelines: all of the driver's but what is withheld.
function typedNames(): string[] {
  const path = 'node_modules/ioredis/built/utils/RedisCommander.d.ts';
  const types = readFileSync(join(process.cwd(), path), 'utf8');
  const names = new Set([...types.matchAll(/^ {4}(\w+)\(/gm)].map(([, name = '']) => name));
  const withheld = WITHHELD_COMMANDS.flatMap((name) => [name, `${name}Buffer`] as string[]);
  expect(names.size).toBeGreaterThan(300);
  return [...names].filter((name) => !withheld.includes(name));
}

class Recorder {
  readonly calls: [string, unknown[], Encoding][] = [];
  answer: Promise<unknown> = Promise.resolve('answer');
  get methods(): AnyMethods {
    return this as unknown as AnyMethods;
  }
  runCommand(name: string, args: unknown[], encoding: Encoding): Promise<unknown> {
    this.calls.push([name, args, encoding]);
    return this.answer;
  }
}
defineCommandMethods(Recorder.prototype);

describe('defineCommandMethods', () => {
  const withheld = new Set<string>(WITHHELD_COMMANDS);

  it('gives both methods for every command of the driver that is not withheld', () => {
    const missing = driverCommandNames()
      .filter((name) => !withheld.has(name))
      .flatMap((name) => [name, `${name}Buffer`])
      .filter((method) => typeof new Recorder().methods[method] !== 'function');
    expect(missing).toEqual([]);
  });

  it('gives every method that the types of the driver promise, to batches too', () => {
    const missing = typedNames().flatMap((method) =>
      [Recorder.prototype, CommandBatch.prototype]
        .filter((prototype) => !(method in prototype))
        .map((prototype) => `${prototype.constructor.name}.${method}`),
    );
    expect(missing).toEqual([]);
  });

  it('gives neither method for the withheld ones', () => {
    const there = WITHHELD_COMMANDS.flatMap((name) => [name, `${name}Buffer`]);
    expect(there.filter((method) => method in Recorder.prototype)).toEqual([]);
  });

  it('passes on name, arguments and encoding', async () => {
    const recorder = new Recorder();
    await recorder.methods['set']!('k', 'v', 'EX', 10);
    await recorder.methods['getBuffer']!('k');
    expect(recorder.calls).toEqual([
      ['set', ['k', 'v', 'EX', 10], 'utf8'],
      ['get', ['k'], null],
    ]);
  });

  it('calls a callback as the driver does', async () => {
    const recorder = new Recorder();
    const heard: unknown[] = [];
    await recorder.methods['get']!('k', (...args: unknown[]) => heard.push(args));
    expect(recorder.calls).toEqual([['get', ['k'], 'utf8']]);
    expect(heard).toEqual([[null, 'answer']]);
  });

  it('calls a callback with the error, without an unhandled rejection', async () => {
    const recorder = new Recorder();
    const failure = new TypeError('no');
    recorder.answer = Promise.reject(failure);
    const heard = await new Promise((resolve) => {
      void recorder.methods['get']!('k', resolve).catch(() => undefined);
    });
    expect(heard).toBe(failure);
  });

  it('does not show its methods when an object is printed', () => {
    expect(Object.keys(Recorder.prototype)).toEqual([]);
  });
});

describe('a batch', () => {
  const collect = () => {
    const ran: (readonly QueuedCommand[])[] = [];
    const results: BatchResult[] = [[null, 'OK']];
    const run = (commands: readonly QueuedCommand[]) => {
      ran.push(commands);
      return Promise.resolve(results);
    };
    return { ran, run, results };
  };

  it('collects commands in order and runs them at exec', async () => {
    const { ran, run, results } = collect();
    const batch = newBatch(run, [['set', 'a', 1]]);
    batch.incr('b').getBuffer('c').call('CUSTOM', 'x');
    expect(ran).toEqual([]);
    await expect(batch.exec()).resolves.toBe(results);
    expect(ran).toEqual([
      [
        { name: 'set', args: ['a', 1], encoding: 'utf8' },
        { name: 'incr', args: ['b'], encoding: 'utf8' },
        { name: 'get', args: ['c'], encoding: null },
        { name: 'CUSTOM', args: ['x'], encoding: 'utf8' },
      ],
    ]);
  });

  it('calls a callback', async () => {
    const { run, results } = collect();
    const heard = await new Promise((resolve) => {
      void newBatch(run).exec((_error, result) => resolve(result));
    });
    expect(heard).toBe(results);
  });

  it('knows how many commands it has', () => {
    const batch = new CommandBatch(collect().run);
    batch.add('get', ['a'], 'utf8').call('get', 'b');
    expect(batch.length).toBe(2);
  });

  it.each<[string, (batch: ChainedCommands) => unknown]>([
    ['a command', (batch) => batch.set('k', 'v', (() => undefined) as never)],
    ['call()', (batch) => batch.call('set', ...(['k', 'v', () => undefined] as unknown[]))],
  ])('refuses a callback at once, which would never be called: %s', (_, misuse) => {
    const { ran, run } = collect();
    expect(() => misuse(newBatch(run))).toThrow(
      'set argument 3 = "function": callbacks are not called here. Await the promise',
    );
    expect(ran).toEqual([]);
  });
});
