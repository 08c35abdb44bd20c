import { createServer, type Server } from 'node:http';
import type { OpenRedis } from './open-redis.js';

/** A plain server of Node: `/` counts visits, and `/report` shows something that takes long to make. */
export function serve({ redis, cache }: OpenRedis, makeReport: () => Promise<string>): Server {
  const reports = cache.namespace('reports', { ttlMs: 60_000 });
  const answerTo = async (path: string | undefined): Promise<string> => {
    if (path === '/report') return reports.getOrSet('today', makeReport);
    return `visit ${await redis.incr('visits')}`;
  };
  return createServer((request, response) => {
    answerTo(request.url).then(
      (text) => response.end(text),
      // COMMAND_UNCERTAIN among them: nobody knows whether it was counted, so it is not tried again here.
      (error: { code?: string }) => response.writeHead(503).end(error.code ?? 'error'),
    );
  });
}
