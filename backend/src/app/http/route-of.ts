import type { Request } from 'express';

/**
 * The pattern of the route, such as `/api/products/:id`, never the address: an address may hold
 * secrets, and there is no limit to their number.
 */
export function routeOf(request: Request): string {
  const route: unknown = request.route;
  const hasPath = typeof route === 'object' && route !== null && 'path' in route;
  return hasPath && typeof route.path === 'string' ? route.path : 'unmatched';
}

// Probes and scrapers come every few seconds, and are all the same.
const ROUTINE = /^\/(health|metrics|api\/health)(\/|$)/;

/** Returns whether a path, or the pattern of a route, is one that probes and scrapers ask for. */
export function isRoutine(path: string): boolean {
  return ROUTINE.test(path);
}
