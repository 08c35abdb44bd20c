import type { Payload } from '../table/payloads.js';
import { Call, type CallFlow, type CallOwner } from './call.js';
import { CallQueue } from './call-queue.js';

const OWNER: CallOwner = { onReply() {}, onError() {}, onLost() {}, onExpired() {} };
const FLOW: CallFlow = {
  room: { size: 0 },
  start() {},
  noteEnd() {},
  sendAgain() {},
  leave() {},
  sendWaiting() {},
};

let sequence = 0;
beforeEach(() => {
  sequence = 0;
});

function newCall(bytes = 10): Call {
  const payload: Payload = { label: 'set', weigh: () => bytes, write: () => undefined };
  return new Call({
    payload,
    intent: {
      name: 'set',
      route: 'primary',
      changes: true,
      idempotent: true,
      isFast: false,
      isOpaque: false,
    },
    isRepeatable: true,
    readPolicy: null,
    operation: null,
    counting: 'always',
    timeoutMs: 100,
    now: 0,
    sequence: sequence++,
    owner: OWNER,
    flow: FLOW,
    resolve: () => undefined,
    reject: () => undefined,
  });
}

const drain = (line: CallQueue): number[] => {
  const order: number[] = [];
  for (let call = line.shift(); call !== null; call = line.shift()) order.push(call.sequence);
  return order;
};

describe('CallQueue', () => {
  it('returns calls in the order in which they were made', () => {
    const line = new CallQueue(100, 10_000);
    for (let i = 0; i < 5; i++) line.add(newCall(), false);
    expect(drain(line)).toEqual([0, 1, 2, 3, 4]);
  });

  it('gives a call that returns its old place', () => {
    const line = new CallQueue(100, 10_000);
    const calls = Array.from({ length: 6 }, () => newCall());
    for (const call of calls.slice(0, 4)) line.add(call, false);
    const first = line.shift()!;
    const second = line.shift()!;
    line.add(calls[4]!, false);
    line.add(second, true);
    line.add(first, true);
    line.add(calls[5]!, false);
    expect(drain(line)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('refuses calls beyond its number, but never one that was accepted before', () => {
    const line = new CallQueue(2, 10_000);
    expect([line.add(newCall(), false), line.add(newCall(), false)]).toEqual([true, true]);
    expect(line.add(newCall(), false)).toBe(false);
    expect(line.add(newCall(), true)).toBe(true);
    expect(line.size).toBe(3);
  });

  it('refuses calls beyond its bytes, and counts every byte', () => {
    const line = new CallQueue(100, 100);
    expect(line.add(newCall(60), false)).toBe(true);
    expect(line.add(newCall(41), false)).toBe(false);
    expect(line.add(newCall(40), false)).toBe(true);
    expect(line.room.bytes).toBe(100);
    line.shift();
    expect(line.room.bytes).toBe(40);
    line.shift();
    expect(line.room.bytes).toBe(0);
  });

  it('frees the place of a call that leaves at once, and never returns it', () => {
    const line = new CallQueue(2, 10_000);
    const [a, b] = [newCall(), newCall()];
    line.add(a, false);
    line.add(b, false);
    line.leave(a);
    line.leave(a);
    expect([line.size, line.room.bytes]).toEqual([1, 10]);
    expect(line.add(newCall(), false)).toBe(true);
    expect(drain(line)).toEqual([1, 2]);
    expect([line.size, line.room.bytes]).toEqual([0, 0]);
  });

  it('drops calls that were settled without leaving, and does not count them', () => {
    const line = new CallQueue(2, 10_000);
    const [a, b] = [newCall(), newCall()];
    line.add(a, false);
    line.add(b, false);
    a.end();
    expect(line.shift()).toBe(b);
    expect(line.shift()).toBeNull();
    expect([line.size, line.room.bytes]).toEqual([0, 0]);
  });

  it('does not keep expired calls while nobody shifts', () => {
    const line = new CallQueue(10, 10_000);
    const keep = newCall();
    line.add(keep, false);
    for (let i = 0; i < 20_000; i++) {
      const call = newCall();
      line.add(call, false);
      line.leave(call);
    }
    expect(line.size).toBe(1);
    expect(drain(line)).toEqual([0]);
  });

  it.each([1, 2, 3, 4])('counts rightly under any use (seed %i)', (seed) => {
    let x = seed;
    const below = (n: number): number => {
      x = (x * 1_103_515_245 + 12_345) % 2_147_483_648;
      return x % n;
    };
    const line = new CallQueue(1_000_000, Number.MAX_SAFE_INTEGER);
    let waiting: Call[] = [];
    const taken: Call[] = [];
    for (let step = 0; step < 3000; step++) {
      const dice = below(10);
      if (dice < 5) {
        const call = newCall(1 + below(50));
        line.add(call, false);
        waiting.push(call);
      } else if (dice < 7 && waiting.length > 0) {
        const [call] = waiting.splice(below(waiting.length), 1);
        line.leave(call!);
      } else if (dice < 9) {
        const next = waiting.sort((a, b) => a.sequence - b.sequence).shift() ?? null;
        expect(line.shift()).toBe(next);
        if (next !== null) taken.push(next);
      } else if (taken.length > 0) {
        const [call] = taken.splice(below(taken.length), 1);
        line.add(call!, true);
        waiting.push(call!);
      }
      expect(line.size).toBe(waiting.length);
    }
    const bytes = waiting.reduce((sum, call) => sum + call.queuedBytes, 0);
    expect(line.room.bytes).toBe(bytes);
    waiting = waiting.sort((a, b) => a.sequence - b.sequence);
    expect(drain(line)).toEqual(waiting.map((call) => call.sequence));
    expect([line.size, line.room.bytes]).toEqual([0, 0]);
  });
});
