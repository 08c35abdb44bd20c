import { addScripts, scriptBook } from './script-methods.js';
import { CommandBatch } from './command-methods.js';
import type { QueuedCommand } from './payloads.js';

type Batch = CommandBatch & Record<string, (...args: unknown[]) => Batch>;

const SCRIPTS = {
  take: { lua: 'return 1', idempotent: true },
  look: { lua: 'return 2', readOnly: true, buffers: true },
};

function newBatch(ran: QueuedCommand[] = []): Batch {
  const batch = new CommandBatch((commands) => {
    ran.push(...commands);
    return Promise.resolve([]);
  });
  addScripts(batch, scriptBook(SCRIPTS, {}));
  return batch as Batch;
}

describe('scripts as methods of a pipeline or transaction', () => {
  it('are sent whole, so that none of them can be missing in the middle of the others', async () => {
    const ran: QueuedCommand[] = [];
    await newBatch(ran)['take']!(['a', 'b'], ['x', 1]).call('get', 'a')['look']!(['a']).exec();
    expect(ran).toEqual([
      {
        name: 'eval',
        args: ['return 1', 2, 'a', 'b', 'x', 1],
        encoding: 'utf8',
        isIdempotent: true,
      },
      { name: 'get', args: ['a'], encoding: 'utf8' },
      { name: 'eval_ro', args: ['return 2', 1, 'a'], encoding: null, isIdempotent: false },
    ]);
  });

  it('refuse a text in place of a list, which would be taken apart', () => {
    expect(() => newBatch()['take']!('lock', ['token'])).toThrow(
      'keys = "string": the keys and the arguments of a script are two lists',
    );
  });

  it.each<[string, unknown, string]>([
    ['no object', 'return 1', 'must be an object that gives each script a name'],
    ['a script that is only text', { take: 'return 1' }, 'must be an object'],
    ['a script without Lua', { take: {} }, 'lua'],
    ['a misspelt property', { take: { lua: 'return 1', readonly: true } }, 'Did you mean readOnly'],
    ['the name of a command', { get: { lua: 'return 1' } }, 'there is another method of this name'],
    ['the name of a method of ours', { exec: { lua: 'return 1' } }, 'another method of this name'],
    ['what makes a promise of an object', { then: { lua: 'return 1' } }, 'another method'],
  ])('are refused for %s', (_, scripts, message) => {
    expect(() => scriptBook(scripts, { get: 1 })).toThrow(message);
  });
});
