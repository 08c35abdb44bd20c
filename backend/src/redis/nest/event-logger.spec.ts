import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@nestjs/common';
import { resolveOptions } from '../config/index.js';
import { RedisEngine } from '../engine/index.js';
import { ManualClock } from '../testing/index.js';
import { RedisEventLogger } from './event-logger.js';

describe('RedisEventLogger', () => {
  it('names the key that sessions are missing, and nothing of other values that cannot be read', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    const debug = jest.spyOn(Logger.prototype, 'debug').mockReturnValue();
    const engine = new RedisEngine(resolveOptions({ mode: 'memory' }).options, new ManualClock());
    new RedisEventLogger(engine, []).start();
    const rejected = { type: 'value.rejected', keyspace: 'sessions' } as const;
    engine.bus.emit({ ...rejected, fault: 'corrupt' });
    expect(debug).toHaveBeenLastCalledWith('value.rejected');
    for (const keyId of ['00112233445566aa', '00112233445566bb'])
      engine.bus.emit({ ...rejected, fault: 'no-key', keyId });
    await engine.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(error.mock.calls).toEqual([
      [expect.stringContaining('00112233445566aa')],
      [expect.stringContaining('00112233445566bb')],
    ]);
    jest.restoreAllMocks();
  });

  it('says which way the calendar of the host is wrong, and when it is right again', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const log = jest.spyOn(Logger.prototype, 'log').mockReturnValue();
    const engine = new RedisEngine(resolveOptions({ mode: 'memory' }).options, new ManualClock());
    new RedisEventLogger(engine, []).start();
    engine.bus.emit({ type: 'clock.skewed', aheadMs: 600_000 });
    engine.bus.emit({ type: 'clock.skewed', aheadMs: -1_500 });
    engine.bus.emit({ type: 'clock.agreed', aheadMs: 3, skewedMs: 60_000 });
    expect(warn.mock.calls.map(([line]) => String(line).split(',')[0])).toEqual([
      'The calendar of this host is 600000 ms ahead of that of Redis',
      'The calendar of this host is 1500 ms behind that of Redis',
    ]);
    expect(log).toHaveBeenLastCalledWith(
      'The calendar of this host agrees with that of Redis again after 60000 ms',
    );
    await engine.close();
    jest.restoreAllMocks();
  });

  it('says that the disk takes writes again', async () => {
    const log = jest.spyOn(Logger.prototype, 'log').mockReturnValue();
    const engine = new RedisEngine(resolveOptions({ mode: 'memory' }).options, new ManualClock());
    new RedisEventLogger(engine, []).start();
    engine.bus.emit({ type: 'journal.file-recovered', failedMs: 3_000 });
    expect(log).toHaveBeenLastCalledWith("The journal's file is written again after 3000 ms");
    await engine.close();
    jest.restoreAllMocks();
  });

  it('says what to do when processes do not learn of the changes of others', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const engine = new RedisEngine(resolveOptions({ mode: 'memory' }).options, new ManualClock());
    new RedisEventLogger(engine, []).start();
    engine.bus.emit({ type: 'notices.refused', count: 12, rights: '+publish &shop:*~changed' });
    expect(warn).toHaveBeenLastCalledWith(
      'Redis refused to tell other processes of 12 changes: their near copies are used until they are too old. ' +
        'The ACL user of this process lacks one of the rights +publish &shop:*~changed',
    );
    engine.bus.emit({ type: 'listening.refused', count: 1, rights: '+subscribe &shop:*~changed' });
    expect(warn).toHaveBeenLastCalledWith(
      'Redis does not let this process hear of the changes of others: it uses no near copies, and whoever waits for ' +
        'a load looks by himself. Its ACL user lacks one of the rights +subscribe &shop:*~changed',
    );
    const rights = '+client|tracking';
    engine.bus.emit({ type: 'invalidations.refused', reason: 'NOPERM', rights });
    expect(warn).toHaveBeenLastCalledWith(
      'Redis does not tell this process of removed keys: after FLUSHALL its near copies are used until they are too ' +
        'old, and redis.near has none. Its ACL user may lack one of the rights +client|tracking: NOPERM',
    );
    await engine.close();
    jest.restoreAllMocks();
  });

  it('sums up what fails again and again, of each kind by itself', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    const debug = jest.spyOn(Logger.prototype, 'debug').mockReturnValue();
    const clock = new ManualClock();
    const engine = new RedisEngine(resolveOptions({ mode: 'memory' }).options, clock);
    new RedisEventLogger(engine, []).start();
    debug.mockClear();
    for (let i = 0; i < 5000; i++) {
      engine.bus.emit({
        type: 'listener.failed',
        event: 'news',
        error: new TypeError('x is null'),
      });
      engine.bus.emit({ type: 'value.write-failed', keyspace: 'users', reason: 'VALUE_TOO_LARGE' });
      engine.bus.emit({ type: 'breaker.half-opened', direction: 'reads', openMs: 5 });
    }
    await clock.advance(1000);
    expect(error.mock.calls).toEqual([
      [expect.stringMatching(/^A listener of news failed: TypeError at .*\.spec\.ts:\d+:\d+$/)],
      [
        expect.stringMatching(
          /^Listeners failed 4,999 more times \(news 4,999\): TypeError at .*\.spec\.ts:\d+:\d+$/,
        ),
      ],
    ]);
    expect(warn.mock.calls).toEqual([['A value in users is not kept: VALUE_TOO_LARGE']]);
    expect(debug.mock.calls).toEqual([
      ['breaker.half-opened'],
      ['More events: breaker.half-opened 4,999'],
    ]);
    await clock.advance(59_000);
    expect(warn).toHaveBeenLastCalledWith(
      '4,999 more values (users 4,999) were not kept in the last minute: VALUE_TOO_LARGE',
    );
    await engine.close();
    jest.restoreAllMocks();
  });

  it('names where a listener failed, and nothing of what it was given', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    const engine = new RedisEngine(resolveOptions({ mode: 'memory' }).options, new ManualClock());
    new RedisEventLogger(engine, []).start();
    const planted = 'planted: { "card": 4711 }\n    at planted.js:1:1';
    const failures = [
      parse(planted),
      Object.assign(new Error(planted), { name: planted }),
      planted,
    ];
    for (const failure of failures) {
      engine.bus.emit({ type: 'listener.failed', event: 'message', error: failure });
    }
    await engine.close();
    await new Promise((resolve) => setImmediate(resolve));
    const lines = JSON.stringify(error.mock.calls);
    expect(lines).toContain('A listener of message failed: SyntaxError');
    expect(lines).toContain('2 more times');
    expect(lines).not.toContain('planted');
    jest.restoreAllMocks();
  });

  it('sums up the counters of which counts are lost', async () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockReturnValue();
    const clock = new ManualClock();
    const engine = new RedisEngine(resolveOptions({ mode: 'memory' }).options, clock);
    new RedisEventLogger(engine, []).start();
    for (let page = 0; page < 3_000; page++) {
      engine.bus.emit({ type: 'counts.lost', key: '#views', by: 1_200, reason: 'closed' });
    }
    await clock.advance(1000);
    const why = 'are lost: Redis could not be told of them before the application ended';
    expect(error.mock.calls).toEqual([
      [`1,200 of the counter #views ${why}`],
      [`Counts of 2,999 more counters ${why}`],
    ]);
    await engine.close();
    jest.restoreAllMocks();
  });

  it.each([
    [
      'throws',
      (): unknown => {
        throw new Error('the disk is full');
      },
    ],
    ['rejects', (): unknown => Promise.reject(new Error('the disk is full'))],
  ])('does no harm where the logger %s, and sums up all the same', async (_, write) => {
    const clock = new ManualClock();
    const engine = new RedisEngine(resolveOptions({ mode: 'memory' }).options, clock);
    const warn = jest.fn(write);
    new RedisEventLogger(engine, [], { error: write, warn, info: write, debug: write }).start();
    const failed: unknown[] = [];
    engine.bus.on('listener.failed', (event) => failed.push(event));
    for (let i = 0; i < 1_000; i++)
      engine.bus.emit({ type: 'command.uncertain', command: 'incr', reason: 'fenced' });
    await clock.advance(1000);
    expect(warn).toHaveBeenCalledTimes(2);
    await engine.close();
    expect(failed).toEqual([]);
  });

  it('writes to the logger that it is given, in the context of nobody where a line is about all calls', async () => {
    const callers = new AsyncLocalStorage<string>();
    const lines: string[] = [];
    const note =
      (level: string) =>
      (line: string): void => {
        lines.push(`${level} ${callers.getStore() ?? 'nobody'}: ${line}`);
      };
    const logger = {
      error: note('error'),
      warn: note('warn'),
      info: note('info'),
      debug: note('debug'),
    };
    const engine = new RedisEngine(resolveOptions({ mode: 'memory' }).options, new ManualClock());
    new RedisEventLogger(engine, [], logger).start();
    lines.length = 0;
    callers.run('ada', () => {
      engine.bus.emit({ type: 'journal.file-recovered', failedMs: 3_000 });
      engine.bus.emit({ type: 'value.rejected', keyspace: 'sessions', fault: 'corrupt' });
    });
    await engine.close();
    expect(lines.slice(0, 2)).toEqual([
      "info nobody: The journal's file is written again after 3000 ms",
      'debug ada: value.rejected',
    ]);
  });
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}
