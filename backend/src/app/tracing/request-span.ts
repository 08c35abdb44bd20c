import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Span,
} from '@opentelemetry/api';
import type { NextFunction, Request, Response } from 'express';
import { isRoutine, routeOf } from '../http/route-of.js';

type Middleware = (request: Request, response: Response, next: NextFunction) => void;

/** Makes a span of each request, under that of the caller if it sends `traceparent`. Its name is the pattern, never the address. */
export function requestSpan(): Middleware {
  const tracer = trace.getTracer('sample-backend');
  return (request, response, next) => {
    if (isRoutine(request.path)) {
      next();
      return;
    }
    const caller = propagation.extract(ROOT_CONTEXT, request.headers);
    const span = tracer.startSpan(
      request.method,
      {
        kind: SpanKind.SERVER,
        attributes: { 'http.request.method': request.method, 'url.scheme': request.protocol },
      },
      caller,
    );
    if (span.isRecording()) {
      response.once('close', () => {
        end(span, request, response);
      });
    }
    context.with(trace.setSpan(caller, span), next);
  };
}

function end(span: Span, request: Request, response: Response): void {
  const route = routeOf(request);
  const status = response.statusCode;
  span.updateName(`${request.method} ${route}`);
  span.setAttributes({ 'http.route': route, 'http.response.status_code': status });
  if (status >= 500) {
    span.setAttribute('error.type', String(status));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}
