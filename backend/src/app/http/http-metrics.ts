import type { NextFunction, Request, Response } from 'express';
import { Histogram, type Registry } from 'prom-client';
import { routeOf } from './route-of.js';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);
const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

type Middleware = (request: Request, response: Response, next: NextFunction) => void;

/** Measures requests by method, route pattern and class of status: as many series as there are routes. */
export function httpMetrics(registry: Registry): Middleware {
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'How long requests took, by method, route pattern and class of status',
    labelNames: ['method', 'route', 'status_class'],
    buckets: BUCKETS_S,
    registers: [registry],
  });
  return (request, response, next) => {
    const startedAt = performance.now();
    response.once('close', () => {
      const method = METHODS.has(request.method) ? request.method : 'OTHER';
      const status_class = `${Math.floor(response.statusCode / 100)}xx`;
      const seconds = (performance.now() - startedAt) / 1000;
      duration.observe({ method, route: routeOf(request), status_class }, seconds);
    });
    next();
  };
}
