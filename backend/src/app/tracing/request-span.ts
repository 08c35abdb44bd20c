import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Span,
} from '@opentelemetry/api';
import { isRoutine } from '../http/route-of.js';
import type { RequestEnd, RequestWatcher } from '../http/watch-requests.js';

/** Makes a span of each request, under that of the caller if it sends `traceparent`. Its name is the pattern, never the address. */
export function requestSpan(): RequestWatcher {
  const tracer = trace.getTracer('sample-backend');
  return (request) => {
    if (isRoutine(request.path)) return null;
    const caller = propagation.extract(ROOT_CONTEXT, request.headers);
    const span = tracer.startSpan(
      request.method,
      {
        kind: SpanKind.SERVER,
        attributes: { 'http.request.method': request.method, 'url.scheme': request.protocol },
      },
      caller,
    );
    return {
      within(rest) {
        context.with(trace.setSpan(caller, span), rest);
      },
      over(end) {
        if (span.isRecording()) endSpan(span, request.method, end);
      },
    };
  };
}

function endSpan(span: Span, method: string, { route, status }: RequestEnd): void {
  span.updateName(`${method} ${route}`);
  span.setAttributes({ 'http.route': route, 'http.response.status_code': status });
  if (status >= 500) {
    span.setAttribute('error.type', String(status));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}
