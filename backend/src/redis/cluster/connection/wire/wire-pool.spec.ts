import { track, turns, until } from '../../../../../test/support/engine-rig.js';
import { FakeNode } from '../../../../../test/support/fake-node.js';
import { ManualClock } from '../../../testing/index.js';
import { WirePool, type Loan } from './wire-pool.js';

describe('WirePool', () => {
  let node: FakeNode;
  let clock: ManualClock;
  let pool: WirePool;

  const newPool = (size: number): WirePool =>
    new WirePool(
      {
        address: node.address,
        access: { username: null, password: null, tls: null },
        db: 0,
        keyPrefix: '',
        clientName: 'test',
        connectTimeoutMs: 1000,
        keepAliveMs: 10_000,
      },
      size,
      clock,
    );

  beforeEach(async () => {
    node = await FakeNode.start();
    clock = new ManualClock();
    pool = newPool(2);
  });

  afterEach(async () => {
    pool.destroy('the test is over');
    await node.stop();
  });

  const sockets = (): number => node.server.connections.length;

  it('opens connections when they are asked for, never more than its size', async () => {
    expect(sockets()).toBe(0);
    await Promise.all([pool.acquire(1000), pool.acquire(1000)]);
    expect(pool.busy).toBe(2);
    const third = track(pool.acquire(1000));
    await turns(20);
    expect(third.state).toBe('pending');
    expect(node.server.connectionsEver).toBe(2);
  });

  it('lends a returned connection again', async () => {
    const first = await pool.acquire(1000);
    first.release();
    expect(pool.busy).toBe(0);
    const second = await pool.acquire(1000);
    expect(second.wire).toBe(first.wire);
    expect(node.server.connectionsEver).toBe(1);
  });

  it('takes a connection back once only', async () => {
    const first = await pool.acquire(1000);
    first.release();
    first.release();
    const [a, b] = await Promise.all([pool.acquire(1000), pool.acquire(1000)]);
    expect(a.wire).not.toBe(b.wire);
  });

  it('does not lend a connection that was lost while nobody held it', async () => {
    const first = await pool.acquire(1000);
    first.release();
    node.server.resetConnections();
    await until(clock, () => !first.wire.isReady, 'the loss is seen');
    const second = await pool.acquire(1000);
    expect(second.wire).not.toBe(first.wire);
    await expect(second.wire.call('get', ['k'])).resolves.toBe('OK');
  });

  it('does not take back a connection that was lost', async () => {
    const loan = await pool.acquire(1000);
    node.server.resetConnections();
    await until(clock, () => !loan.wire.isReady, 'the loss is seen');
    loan.release();
    expect(pool.busy).toBe(0);
  });

  it('serves waiting callers in the order in which they came', async () => {
    const held = await Promise.all([pool.acquire(1000), pool.acquire(1000)]);
    const served: number[] = [];
    const waiting = [1, 2].map(async (n) => {
      const loan = await pool.acquire(1000);
      served.push(n);
      return loan;
    });
    held[0].release();
    await turns(2);
    expect(served).toEqual([1]);
    held[1].release();
    await Promise.all(waiting);
    expect(served).toEqual([1, 2]);
    expect(clock.pending).toBe(0);
  });

  it('opens a new connection for a waiting caller when one is discarded', async () => {
    const held = await Promise.all([pool.acquire(1000), pool.acquire(1000)]);
    const waiting = pool.acquire(1000);
    held[0].discard();
    const loan = await waiting;
    expect(loan.wire.isReady).toBe(true);
    expect(pool.busy).toBe(2);
  });

  it('refuses at the deadline, and drops the caller that waited', async () => {
    const held = await Promise.all([pool.acquire(1000), pool.acquire(1000)]);
    const late = track(pool.acquire(100));
    await clock.advance(100);
    expect(late.error).toMatchObject({ code: 'COMMAND_TIMEOUT', details: { poolSize: 2 } });
    held[0].release();
    expect(pool.busy).toBe(1);
    const next = await pool.acquire(100);
    expect(next.wire).toBe(held[0].wire);
    expect(clock.pending).toBe(0);
  });

  it('keeps a connection that comes too late for its caller, and the order of the others', async () => {
    pool = newPool(1);
    const held = await pool.acquire(1000);
    const late = track(pool.acquire(100));
    const patient = track(pool.acquire(1000));
    node.freeze();
    held.discard();
    // The replacement is opened for the first in the queue, whose deadline passes meanwhile.
    await until(clock, () => node.server.connectionsEver === 2, 'the replacement is opened');
    await clock.advance(100);
    expect(late.state).toBe('rejected');
    node.thaw();
    await until(clock, () => patient.state !== 'pending', 'the second is served');
    expect(patient.state).toBe('resolved');
    (patient.value as Loan).release();
    expect(pool.busy).toBe(0);
    const again = track(pool.acquire(1000));
    await turns(2);
    expect(again.state).toBe('resolved');
  });

  it('reports that it could not connect, and holds nothing afterwards', async () => {
    await node.stop();
    await expect(pool.acquire(1000)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    expect(pool.busy).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('refuses waiting callers and cuts everything when it is destroyed', async () => {
    const held = await Promise.all([pool.acquire(1000), pool.acquire(1000)]);
    const waiting = track(pool.acquire(1000));
    const opened = node.server.connectionsEver;
    pool.destroy('fenced');
    await turns(20);
    expect(waiting.error).toMatchObject({ code: 'CONNECTION_LOST' });
    expect(held.map(({ wire }) => wire.isReady)).toEqual([false, false]);
    await until(clock, () => sockets() === 0, 'the sockets are gone');
    expect(node.server.connectionsEver).toBe(opened);
    expect(pool.busy).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('refuses a caller whose connection was being opened when it is destroyed', async () => {
    node.freeze();
    const opening = track(pool.acquire(1000));
    await until(clock, () => sockets() === 1, 'the socket is open');
    pool.destroy('fenced');
    await turns(2);
    expect(opening.state).toBe('rejected');
    expect(pool.busy).toBe(0);
  });

  it('refuses at the deadline when its size is 0', async () => {
    pool = newPool(0);
    const none = track(pool.acquire(50));
    await clock.advance(50);
    expect(none.error).toMatchObject({ code: 'COMMAND_TIMEOUT' });
  });

  it('has as many for each purpose, and lends what lies idle for any', async () => {
    const blocking = await Promise.all([1, 2].map(() => pool.acquire(1000, null, 'blocking')));
    expect(pool.isExhausted('blocking')).toBe(true);
    const exclusive = await pool.acquire(1000);
    exclusive.release();
    expect(node.server.connectionsEver).toBe(3);
    blocking[0]?.release();
    await Promise.all([pool.acquire(1000), pool.acquire(1000)]);
    expect(node.server.connectionsEver).toBe(3);
    expect([pool.busyFor('blocking'), pool.busyFor('exclusive')]).toEqual([1, 2]);
  });

  it.each([
    ['at its deadline', (): Promise<Loan> => pool.acquire(100)],
    ['when its signal fires', () => pool.acquire(60_000, AbortSignal.timeout(10))],
  ])('lets a caller go %s while its connection is being opened', async (_, acquire) => {
    node.freeze();
    const late = track(acquire());
    await until(clock, () => sockets() === 1, 'the socket is open');
    await clock.advance(100);
    await until(clock, () => late.state !== 'pending', 'it is let go');
    expect(late.error).toMatchObject({ code: 'CONNECTION_LOST' });
    node.thaw();
    await until(clock, () => pool.busy === 0, 'the connection is kept');
    expect(clock.pending).toBe(0);
    const next = await pool.acquire(100);
    next.release();
    expect(node.server.connectionsEver).toBe(1);
  });
});
