import { context, createContextKey } from '@opentelemetry/api';
import { quietenDriver } from '../base/operations/index.js';

// The key by which OpenTelemetry's own exporters hide their requests. `@opentelemetry/core` has it, and makes it like
// this, so that no package is needed for it.
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Hides from all instrumentation what is sent by the driver, in whatever context. */
export function hideDriver(): void {
  quietenDriver((work) => context.with(context.active().setValue(SUPPRESS_TRACING, true), work));
}

/** Hides it no longer. */
export function showDriver(): void {
  quietenDriver(null);
}
