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
