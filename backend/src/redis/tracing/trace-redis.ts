import type { Stop } from '../base/timing/index.js';
import { hideDriver, showDriver } from './hide-driver.js';
import { RedisTracer } from './redis-tracer.js';
import { type RedisTracingOptions, TRACING } from './tracing-options.js';

let present: Stop | null = null;

/**
 * Traces every connection of this process from now on. Call it before the application is made. Called again it begins
 * anew with the new options. Returns how to end it.
 *
 * @throws ConfigInvalidError (`CONFIG_INVALID`) when the options cannot be used.
 */
export function traceRedis(options: RedisTracingOptions = {}): Stop {
  const resolved = TRACING.resolve(options);
  present?.();
  const tracer = new RedisTracer(resolved);
  tracer.start();
  if (resolved.hideDriver) hideDriver();
  const stop = (): void => {
    if (present !== stop) return;
    present = null;
    tracer.stop();
    showDriver();
  };
  present = stop;
  return stop;
}
