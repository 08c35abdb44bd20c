import { EventBus } from './event-bus.js';
import type { RedisHaEvent } from './redis-events.js';

const paused: RedisHaEvent = { type: 'writes.paused', reason: 'x' };
const resumed: RedisHaEvent = { type: 'writes.resumed', reason: 'x', pausedMs: 1 };

describe('EventBus', () => {
  it('calls the listeners of one type, then those of any type, in the order in which they were added', () => {
    const bus = new EventBus();
    const heard: string[] = [];
    bus.onAny(({ type }) => heard.push(`any ${type}`));
    bus.on('writes.paused', ({ reason }) => heard.push(`first ${reason}`));
    bus.on('writes.paused', ({ reason }) => heard.push(`second ${reason}`));
    bus.emit(paused);
    bus.emit(resumed);
    expect(heard).toEqual(['first x', 'second x', 'any writes.paused', 'any writes.resumed']);
  });

  it('reports the error of a listener once, and calls the others', () => {
    const bus = new EventBus();
    const heard: RedisHaEvent[] = [];
    const error = new TypeError('listener failed');
    bus.on('writes.paused', () => {
      throw error;
    });
    bus.onAny((event) => heard.push(event));
    bus.emit(paused);
    expect(heard).toEqual([{ type: 'listener.failed', event: 'writes.paused', error }, paused]);
  });

  it('reports the error with which an async listener rejects: no rejection goes unhandled', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const bus = new EventBus();
    const heard: RedisHaEvent[] = [];
    const error = new TypeError('rejected');
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- as applications do
    bus.on('writes.paused', () => Promise.reject(error));
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- as applications do
    bus.on('listener.failed', () => Promise.reject(error));
    bus.onAny((event) => heard.push(event));
    bus.emit(paused);
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(heard).toEqual([paused, { type: 'listener.failed', event: 'writes.paused', error }]);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('tells of a doubtful setting once, and again when it has another value', () => {
    const bus = new EventBus();
    const told: unknown[] = [];
    bus.on('settings.doubtful', ({ problem }) => told.push(problem.value));
    const problem = { field: 'quorum', message: 'too low', remedy: 'raise it' };
    for (const value of [1, 1, 0, 1]) bus.doubt({ ...problem, value });
    expect(told).toEqual([1, 0]);
  });

  it('does not loop when a listener always fails', () => {
    const bus = new EventBus();
    let calls = 0;
    bus.onAny(() => {
      calls++;
      throw new TypeError('always');
    });
    bus.on('listener.failed', () => {
      throw new TypeError('even here');
    });
    expect(() => bus.emit(paused)).not.toThrow();
    expect(calls).toBe(2);
  });

  it('calls no listener after it was stopped, and lets it be stopped twice', () => {
    const bus = new EventBus();
    let calls = 0;
    const stop = bus.on('writes.paused', () => calls++);
    const stopOther = bus.on('writes.paused', () => calls++);
    stop();
    stop();
    bus.emit(paused);
    expect(calls).toBe(1);
    stopOther();
    expect(bus.listenerCount).toBe(0);
  });

  it('counts no listeners when all were stopped', () => {
    const bus = new EventBus();
    const stops = [
      bus.on('writes.paused', () => 0),
      bus.on('primary.ready', () => 0),
      bus.onAny(() => 0),
    ];
    expect(bus.listenerCount).toBe(3);
    for (const stop of [...stops, ...stops]) stop();
    expect(bus.listenerCount).toBe(0);
  });

  it('does not remove a new listener when an old one is stopped again', () => {
    const bus = new EventBus();
    const stop = bus.on('writes.paused', () => 0);
    stop();
    let calls = 0;
    bus.on('writes.paused', () => calls++);
    stop();
    bus.emit(paused);
    expect(calls).toBe(1);
  });

  it('lets a listener stop itself and others while it is called', () => {
    const bus = new EventBus();
    const heard: string[] = [];
    const stops = [
      bus.on('writes.paused', () => {
        heard.push('first');
        stops.forEach((stop) => stop());
      }),
      bus.on('writes.paused', () => heard.push('second')),
    ];
    bus.emit(paused);
    bus.emit(paused);
    expect(heard.filter((one) => one === 'first')).toHaveLength(1);
    expect(bus.listenerCount).toBe(0);
  });

  it('costs nothing when nobody listens', () => {
    expect(() => new EventBus().emit(paused)).not.toThrow();
  });
});
