import { parseSentinelMessage, SENTINEL_CHANNELS } from './sentinel-message.js';

const read = (channel: string, payload: string) =>
  parseSentinelMessage(channel, payload, 'mymaster');
const at = (host: string, port: number) => ({ host, port });

describe('parseSentinelMessage', () => {
  it.each([
    [
      '+switch-master',
      'mymaster 10.0.0.1 6379 10.0.0.2 6380',
      { kind: 'switch', from: at('10.0.0.1', 6379), to: at('10.0.0.2', 6380) },
    ],
    [
      '+switch-master',
      'mymaster fd00::1 6379 fd00::2 6379',
      { kind: 'switch', from: at('fd00::1', 6379), to: at('fd00::2', 6379) },
    ],
    [
      '+odown',
      'master mymaster 10.0.0.1 6379 #quorum 2/2',
      { kind: 'primary', step: '+odown', node: at('10.0.0.1', 6379) },
    ],
    [
      '+sdown',
      'slave 10.0.0.2:6380 10.0.0.2 6380 @ mymaster 10.0.0.1 6379',
      { kind: 'member', step: '+sdown', node: at('10.0.0.2', 6380) },
    ],
    [
      '+selected-slave',
      'slave [fd00::2]:6380 fd00::2 6380 @ mymaster fd00::1 6379',
      { kind: 'member', step: '+selected-slave', node: at('fd00::2', 6380) },
    ],
    [
      '-failover-abort-slave-timeout',
      'master mymaster 10.0.0.1 6379',
      { kind: 'primary', step: '-failover-abort-slave-timeout', node: at('10.0.0.1', 6379) },
    ],
    ['+tilt', '#tilt mode entered', { kind: 'sentinel', step: '+tilt' }],
    ['+new-epoch', '7', { kind: 'sentinel', step: '+new-epoch' }],
  ])('reads %s %j', (channel, payload, message) => {
    expect(read(channel, payload)).toEqual(message);
  });

  it.each([
    ['+switch-master', 'other 10.0.0.1 6379 10.0.0.2 6380'],
    ['+switch-master', 'mymaster2 10.0.0.1 6379 10.0.0.2 6380'],
    ['+switch-master', 'mymast 10.0.0.1 6379 10.0.0.2 6380'],
    ['+switch-master', 'MyMaster 10.0.0.1 6379 10.0.0.2 6380'],
    ['+odown', 'master mymaster-eu 10.0.0.1 6379 #quorum 2/2'],
    ['+sdown', 'slave 10.0.0.2:6380 10.0.0.2 6380 @ mymaster2 10.0.0.1 6379'],
    ['+selected-slave', 'slave mymaster 10.0.0.2 6380 @ other 10.0.0.1 6379'],
  ])('ignores what concerns another group: %s %j', (channel, payload) => {
    expect(read(channel, payload)).toBeNull();
  });

  it.each([
    ['+switch-master', ''],
    ['+switch-master', 'mymaster'],
    ['+switch-master', 'mymaster 10.0.0.1 6379'],
    ['+switch-master', 'mymaster 10.0.0.1 6379 10.0.0.2 port'],
    ['+switch-master', 'mymaster 10.0.0.1 6379 10.0.0.2 0'],
    ['+switch-master', 'mymaster  6379 10.0.0.2 6380'],
    ['+odown', ''],
    ['+odown', 'master mymaster'],
    ['+odown', 'master mymaster host port'],
    ['+slave', 'slave 10.0.0.2:6380 10.0.0.2 6380'],
    ['+slave', '@ mymaster'],
  ])('ignores what it cannot read: %s %j', (channel, payload) => {
    expect(read(channel, payload)).toBeNull();
  });

  it('keeps a message about a member even if its address is not valid', () => {
    expect(read('+sdown', 'slave x host port @ mymaster 10.0.0.1 6379')).toEqual({
      kind: 'member',
      step: '+sdown',
      node: null,
    });
  });

  it('listens to every step of a failover, each once', () => {
    expect(new Set(SENTINEL_CHANNELS).size).toBe(SENTINEL_CHANNELS.length);
    expect(SENTINEL_CHANNELS).toEqual(
      expect.arrayContaining(['+switch-master', '+selected-slave', '+promoted-slave', '+odown']),
    );
  });
});
