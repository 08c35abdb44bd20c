import type { Request } from 'express';

/**
 * The pattern that took the request, such as `/api/products/:id`, never its address: that may hold
 * secrets, and there is no end of them.
 */
export function routeOf(request: Request): string {
  const route: unknown = request.route;
  const hasPath = typeof route === 'object' && route !== null && 'path' in route;
  return hasPath && typeof route.path === 'string' ? route.path : 'unmatched';
}
