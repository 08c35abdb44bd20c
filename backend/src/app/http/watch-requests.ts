import type { NextFunction, Request, Response } from 'express';
import { routeOf } from './route-of.js';

/** How a request ended. */
export interface RequestEnd {
  /** The pattern of its route, never its address. */
  readonly route: string;
  readonly status: number;
  readonly ms: number;
  /** Whether the response was sent to its end; `false`: the client had gone. */
  readonly isWhole: boolean;
}

/** One watcher's part in one request. */
export interface RequestWatch {
  /** Does the rest of the request, where that is to know of this watch. */
  within?(rest: () => void): void;
  over(end: RequestEnd): void;
}

/** Begins to watch a request; `null` for one that it does not watch. */
export type RequestWatcher = (request: Request, response: Response) => RequestWatch | null;

type Middleware = (request: Request, response: Response, next: NextFunction) => void;

/**
 * Tells all of them when a request is over, and how: they agree on its route, its status and its time. What one does
 * `within` is around that of those behind it.
 */
export function watchRequests(watchers: readonly RequestWatcher[]): Middleware {
  return (request, response, next) => {
    const startedAt = performance.now();
    const watches: RequestWatch[] = [];
    for (const watcher of watchers) {
      const watch = watcher(request, response);
      if (watch !== null) watches.push(watch);
    }
    response.once('close', () => {
      const end = {
        route: routeOf(request),
        status: response.statusCode,
        ms: performance.now() - startedAt,
        isWhole: response.writableFinished,
      };
      for (const watch of watches) watch.over(end);
    });
    withinAll(watches, 0, next);
  };
}

function withinAll(watches: readonly RequestWatch[], first: number, rest: () => void): void {
  for (let i = first; i < watches.length; i++) {
    const watch = watches[i];
    if (watch?.within === undefined) continue;
    watch.within(() => {
      withinAll(watches, i + 1, rest);
    });
    return;
  }
  rest();
}
