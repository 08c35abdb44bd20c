import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { drillModule } from './drill-modules.js';

const { AnswerReader } = drillModule('http-answer');
const { HttpPool } = drillModule('http-pool');
const { popularProduct, requestMix, seededRandom, sharesOf } = drillModule('mix');
const { OpenLoop } = drillModule('open-loop');
const { callsIn, sumOfMetric } = drillModule('commands');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('reading answers', () => {
  const answersTo = (pieces: readonly string[]) => {
    const answers: unknown[] = [];
    const reader = new AnswerReader((status, body, isLast) => {
      answers.push([status, body.toString(), isLast]);
    });
    for (const piece of pieces) reader.push(Buffer.from(piece));
    return { answers, isAtStart: reader.isAtStart };
  };

  it('reads an answer that comes byte by byte', () => {
    expect(answersTo(Array.from(OK))).toEqual({ answers: [[200, 'ok', false]], isAtStart: true });
  });

  it('reads two answers that come at once', () => {
    expect(answersTo([OK + OK]).answers).toHaveLength(2);
  });

  it('reads chunks, and an answer without a body', () => {
    const chunked =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n';
    expect(answersTo(Array.from(chunked)).answers).toEqual([[200, 'abcde', false]]);
    expect(answersTo(['HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n']).answers).toEqual([
      [204, '', true],
    ]);
  });
});

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
        const dueAt = performance.timeOrigin + performance.now();
        pool.send({ text: 'GET / HTTP/1.1\r\n\r\n', dueAt, isRepeatable, settle });
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
      const dueAt = performance.timeOrigin + performance.now();
      pool.send({ text: 'GET / HTTP/1.1\r\n\r\n', dueAt, isRepeatable: true, settle });
    });
    pool.close();
    server.listen(0);
    expect(outcome).toBe('refused');
  });
});

describe('the schedule', () => {
  it('issues what was due, however late the timer is', () => {
    const due: number[] = [];
    const startedAt = performance.timeOrigin + performance.now() - 1000;
    const loop = new OpenLoop(100, (at) => due.push(at - startedAt));
    loop.start(startedAt);
    loop.stop(startedAt + 500);
    expect(due).toHaveLength(50);
    expect(due[0]).toBe(0);
    expect(due[49]).toBeCloseTo(490);
    expect(loop.lateness[0]).toBeGreaterThanOrEqual(1000);
  });
});

describe('the mix', () => {
  it('is the same in every run, mostly sessions, with few logins', () => {
    const draw = () => {
      const next = requestMix(1200, seededRandom(1));
      return Array.from({ length: 20_000 }, () => next());
    };
    const kinds = draw();
    const shareOf = (kind: string) => kinds.filter((each) => each === kind).length / kinds.length;
    expect(draw()).toEqual(kinds);
    expect(shareOf('session')).toBeCloseTo(0.7, 1);
    expect(shareOf('login')).toBeLessThan(0.01);
  });

  it('adds up to everything, at any rate', () => {
    for (const rate of [10, 1200, 8000]) {
      const sum = Object.values(sharesOf(rate)).reduce((total, share) => total + share, 0);
      expect(sum).toBeCloseTo(1);
    }
  });

  it('asks for products that exist, the first ones more often', () => {
    const random = seededRandom(2);
    const ids = Array.from({ length: 5000 }, () => popularProduct(random));
    expect(Math.min(...ids)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...ids)).toBeLessThanOrEqual(1000);
    expect(ids.filter((id) => id <= 250).length).toBeGreaterThan(2000);
  });
});

describe('counting commands', () => {
  it('adds up the values of one metric, and of no other', () => {
    const text = 'a_total{kind="read"} 3\na_total{kind="write"} 4\na_total_more 9\nb 1\nb_total 5';
    expect(sumOfMetric(text, 'a_total')).toBe(7);
    expect(sumOfMetric(text, 'b')).toBe(1);
    expect(sumOfMetric(text, 'c')).toBeNull();
  });

  const fields = new Map([
    ['cmdstat_get', 'calls=10,usec=1'],
    ['cmdstat_evalsha', 'calls=5,usec=1'],
    ['cmdstat_ping', 'calls=100,usec=1'],
    ['cmdstat_client|setinfo', 'calls=3,usec=1'],
    ['redis_version', '7'],
  ]);

  it('leaves out what the cluster does for itself', () => {
    expect(callsIn(fields)).toBe(15);
  });

  it('counts on a replica only what clients read there', () => {
    expect(callsIn(fields, true)).toBe(10);
  });
});
