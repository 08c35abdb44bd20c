import { Histogram, type Registry } from 'prom-client';
import type { RequestWatcher } from './watch-requests.js';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);
const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Measures requests by method, route pattern and class of status: as many series as there are routes. */
export function httpMetrics(registry: Registry): RequestWatcher {
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'How long requests took, by method, route pattern and class of status',
    labelNames: ['method', 'route', 'status_class'],
    buckets: BUCKETS_S,
    registers: [registry],
  });
  return (request) => ({
    over({ route, status, ms }) {
      const method = METHODS.has(request.method) ? request.method : 'OTHER';
      const status_class = `${Math.floor(status / 100)}xx`;
      duration.observe({ method, route, status_class }, ms / 1000);
    },
  });
}
