import type { Request, Response } from 'express';
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { watchRequests, type RequestEnd, type RequestWatcher } from './watch-requests.js';

describe('watchRequests', () => {
  const within = new AsyncLocalStorage<string>();
  let servers: Server[];

  beforeEach(() => (servers = []));
  afterEach(() => {
    for (const server of servers) server.closeAllConnections();
    for (const server of servers) server.close();
  });

  /** Serves one request. Resolves with how it ended, as the last watcher was told. */
  async function serve(
    watchers: readonly RequestWatcher[],
    answer: (response: Response) => void,
  ): Promise<RequestEnd> {
    let watch = watchRequests(watchers);
    const ended = new Promise<RequestEnd>((over) => {
      watch = watchRequests([...watchers, () => ({ over })]);
    });
    const server = createServer((request, response) => {
      watch(request as Request, response as Response, () => {
        answer(response as Response);
      });
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    get({ port, host: '127.0.0.1' }, (response) => response.resume()).on('error', () => undefined);
    return ended;
  }

  it('does the rest within each of them, the first one outermost, and tells them in their order', async () => {
    const told: string[] = [];
    const inside = (name: string): RequestWatcher => {
      const watch = {
        within: (rest: () => void): void => {
          within.run([within.getStore(), name].filter(Boolean).join('/'), rest);
        },
        over: (): void => void told.push(name),
      };
      return () => watch;
    };
    let seen: string | undefined;
    const silent: RequestWatcher = () => ({ over: () => void told.push('silent') });
    await serve([inside('a'), silent, () => null, inside('b')], (response) => {
      seen = within.getStore();
      response.end();
    });
    expect(seen).toBe('a/b');
    expect(told).toEqual(['a', 'silent', 'b']);
  });

  it('tells how it ended: status, time, and the route, which is no address', async () => {
    const end = await serve([], (response) => {
      response.statusCode = 503;
      response.end('no');
    });
    expect(end).toEqual({
      route: 'unmatched',
      status: 503,
      ms: expect.any(Number) as number,
      isWhole: true,
    });
    expect(end.ms).toBeGreaterThan(0);
  });

  it('tells of a response that did not get to its end', async () => {
    const end = await serve([], (response) => {
      response.write('half');
      response.destroy();
    });
    expect(end).toMatchObject({ status: 200, isWhole: false });
  });
});
