import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import type { Stop } from '../base/timing/index.js';
import { traceRedis } from './trace-redis.js';
import type { RedisTracingOptions } from './tracing-options.js';

const TRACING_HOOK = Symbol.for('nestjs-redis-ha.tracing');

/** Ends the tracing with the application. */
class TracingHook implements OnApplicationShutdown {
  readonly #stop: Stop;

  constructor(stop: Stop) {
    this.#stop = stop;
  }

  /** Called by Nest. */
  onApplicationShutdown(): void {
    this.#stop();
  }
}

/** Traces commands, caches and sessions with OpenTelemetry. Needs `@opentelemetry/api`. */
@Module({})
export class RedisTracingModule {
  /**
   * Traces from now on, not only from when the application has started: the first connections are made before.
   *
   * @throws ConfigInvalidError when the options cannot be used.
   */
  static forRoot(options: RedisTracingOptions = {}): DynamicModule {
    const stop = traceRedis(options);
    return {
      module: RedisTracingModule,
      providers: [{ provide: TRACING_HOOK, useFactory: () => new TracingHook(stop) }],
    };
  }
}
