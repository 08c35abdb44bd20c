import { typeCommand } from '../../../test/support/typed-program.js';
import { FakeRedisServer, reply } from '../../redis/testing/index.js';

// What Redis 8.6 answers, by its documentation: no such server could be had.
const FOUND = reply.array(
  ...['sample-ratio', reply.int(10), 'collection-duration-ms', reply.int(1_000)],
  ...['by-cpu-time-us', reply.array('user:ann', reply.int(1_040), 'page', reply.int(98))],
  ...['by-net-bytes', reply.array('page', reply.int(100_000))],
);

describe('hot keys that the primary names itself', () => {
  let server: FakeRedisServer;
  const heard: string[] = [];

  beforeEach(async () => {
    heard.length = 0;
    server = await FakeRedisServer.start((words) => {
      const said = words.join(' ').toLowerCase();
      if (/hotkeys|monitor/.test(said)) heard.push(said);
      if (said === 'command info hotkeys')
        return reply.array(reply.array('hotkeys', reply.int(-2)));
      if (said.startsWith('hotkeys start') || said === 'hotkeys reset') return reply.simple('OK');
      return said === 'hotkeys get' ? FOUND : undefined;
    });
  });
  afterEach(() => server.stop());

  const node = (): string => `${server.address.host}:${String(server.address.port)}`;

  it('are asked for without a question, and forgotten there when they were told', async () => {
    const args = ['hot-keys', '--node', node(), '--seconds', '1'];
    const { code, documents, out } = await typeCommand([...args, '--json']);
    expect(code).toBe(0);
    expect(documents).toMatchObject([
      {
        source: 'server',
        seconds: 1,
        keys: [
          { cpuMicroseconds: 1_040, netBytes: null },
          { cpuMicroseconds: 98, netBytes: 1e5 },
        ],
      },
    ]);
    expect(out).not.toContain('ann');
    expect(heard).toEqual([
      'command info hotkeys',
      'hotkeys start metrics 2 cpu net count 10 duration 1 sample 10',
      'hotkeys get',
      'hotkeys reset',
    ]);
  });

  it('of a user that may not listen are a matter of hot keys, and not of backups', async () => {
    server.handle(([name = '', word = '']) => {
      if (name.toLowerCase() === 'monitor') return reply.error("NOPERM no right to 'monitor'");
      return word.toLowerCase() === 'info' ? reply.array(reply.nil()) : undefined;
    });
    const args = ['hot-keys', '--node', node(), '--seconds', '1', '--monitor'];
    const { code, told } = await typeCommand(args);
    expect(code).toBe(2);
    expect(told).toMatch(/refuses MONITOR: NOPERM .*Give a user that may do MONITOR/s);
    expect(told).not.toMatch(/backup/i);
  });
});
