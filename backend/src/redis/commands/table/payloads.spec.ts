import { CommandPayload, TransactionPayload } from './payloads.js';

describe('the weight of a payload', () => {
  const weigh = (...args: unknown[]): number =>
    new CommandPayload('set', args, 'utf8').weigh() - new CommandPayload('set', [], 'utf8').weigh();

  it.each([
    [[], 0],
    [['abc'], 3],
    [[Buffer.alloc(1000)], 1000],
    [[new Uint8Array(10)], 10],
    [[5], 8],
    [[null, undefined], 16],
    [[['a', ['bc']]], 3],
    [[{ field: 'value' }], 10],
  ])('of %j grows by %i bytes', (args, bytes) => {
    expect(weigh(...args)).toBe(bytes);
  });

  it('counts a map by what it holds', () => {
    expect(weigh(new Map([['field', 'value']]))).toBeGreaterThanOrEqual(10);
  });

  it('of an empty command is more than 0, because it occupies memory all the same', () => {
    expect(new CommandPayload('ping', [], 'utf8').weigh()).toBeGreaterThan(0);
  });

  it('of a transaction is at least that of its commands', () => {
    const command = { name: 'set', args: ['k', 'x'.repeat(100)], encoding: 'utf8' as const };
    const alone = new CommandPayload(command.name, command.args, 'utf8').weigh();
    expect(new TransactionPayload([command, command]).weigh()).toBeGreaterThan(2 * alone);
  });
});
