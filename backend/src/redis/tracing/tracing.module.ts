import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import type { Stop } from '../base/timing/index.js';
import { traceRedis } from './trace-redis.js';
import type { RedisTracingOptions } from './tracing-options.js';

const TRACING_HOOK = Symbol.for('nestjs-redis-ha.tracing');

/** Traces for as long as an application of this module runs: one module may be that of several, one after the other too. */
class TracedApplications {
  readonly #options: RedisTracingOptions;
  #stop: Stop | null;
  #running = 0;

  constructor(options: RedisTracingOptions) {
    this.#options = options;
    this.#stop = traceRedis(options);
  }

  begin(): OnApplicationShutdown {
    this.#running++;
    this.#stop ??= traceRedis(this.#options);
    return {
      onApplicationShutdown: () => {
        this.#running--;
        if (this.#running > 0) return;
        this.#stop?.();
        this.#stop = null;
      },
    };
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
    const applications = new TracedApplications(options);
    return {
      module: RedisTracingModule,
      providers: [{ provide: TRACING_HOOK, useFactory: () => applications.begin() }],
    };
  }
}
