import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { now } from '../common/clock.js';
import { HttpPool } from './http-pool.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('the pool of sockets', () => {
  let server: Server;
  let onRequest: (socket: Socket, count: number) => void;
  let opened: number;

  beforeEach((done) => {
    opened = 0;
    server = createServer((socket) => {
      opened += 1;
      let count = 0;
      socket.on('data', () => onRequest(socket, ++count));
      socket.on('error', () => {});
    }).listen(0, '127.0.0.1', done);
  });

  afterEach((done) => {
    server.close(done);
  });

  async function ask(times: number, options: { maxSockets?: number; timeoutMs?: number } = {}) {
    const { port } = server.address() as AddressInfo;
    const pool = new HttpPool({ host: '127.0.0.1', port, ...options });
    const one = (isRepeatable: boolean) =>
      new Promise<number | string>((settle) => {
        pool.send({ text: 'GET / HTTP/1.1\r\n\r\n', dueAt: now(), isRepeatable, settle });
      });
    const outcomes = await Promise.all(Array.from({ length: times }, () => one(false)));
    return { outcomes, pool, again: () => one(true) };
  }

  it('opens no more sockets than it may, and answers everything', async () => {
    onRequest = (socket) => socket.write(OK);
    const { outcomes, pool } = await ask(10, { maxSockets: 3 });
    pool.close();
    expect(outcomes).toEqual(Array(10).fill(200));
    expect(opened).toBeLessThanOrEqual(3);
  });

  it('ends what is not answered in time, counted from when it was due', async () => {
    onRequest = () => {};
    const { outcomes, pool } = await ask(4, { maxSockets: 2, timeoutMs: 100 });
    pool.close();
    expect(outcomes).toEqual(Array(4).fill('timeout'));
  });

  it('calls a lost connection a failure', async () => {
    onRequest = (socket) => socket.destroy();
    const { outcomes, pool } = await ask(1);
    pool.close();
    expect(outcomes).toEqual(['reset']);
  });

  it('asks once more when the server has closed an idle socket meanwhile', async () => {
    onRequest = (socket, count) => (count === 1 ? socket.write(OK) : socket.destroy());
    const { again, pool } = await ask(1);
    await expect(again()).resolves.toBe(200);
    pool.close();
    expect(opened).toBe(2);
  });

  it('says when nobody listens', async () => {
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const pool = new HttpPool({ host: '127.0.0.1', port });
    const outcome = await new Promise((settle) => {
      pool.send({ text: 'GET / HTTP/1.1\r\n\r\n', dueAt: now(), isRepeatable: true, settle });
    });
    pool.close();
    server.listen(0);
    expect(outcome).toBe('refused');
  });
});
