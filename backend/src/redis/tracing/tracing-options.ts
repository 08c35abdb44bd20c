import type { TracerProvider } from '@opentelemetry/api';
import { flag, objectWith, option, OptionSet, type RowsOf } from '../base/options/index.js';

/** What is traced, and how. */
export interface RedisTracingOptions {
  /** Where spans go. @defaultValue that of `@opentelemetry/api`, at the time of each call */
  readonly tracerProvider?: TracerProvider;
  /**
   * Adds `db.query.text`: each command with the kind of its keys, and `?` in the place of everything else:
   * `SET user:? ?`. @defaultValue false
   */
  readonly queryText?: boolean;
  /** Traces nothing that has no span around it. @defaultValue false */
  readonly requireParentSpan?: boolean;
  /**
   * Hides the commands of the library from instrumentation of ioredis, which would show each a second time, and
   * everything that the library asks by itself. @defaultValue true
   */
  readonly hideDriver?: boolean;
}

/** The options of tracing. */
export const TRACING = new OptionSet(
  {
    tracerProvider: option(objectWith<TracerProvider>('a TracerProvider', 'getTracer'), null),
    queryText: option(flag, false),
    requireParentSpan: option(flag, false),
    hideDriver: option(flag, true),
  } satisfies RowsOf<RedisTracingOptions>,
  { path: 'tracing', example: '{ queryText: true }' },
);

/** The same, complete. */
export type ResolvedTracingOptions = ReturnType<typeof TRACING.resolve>;
