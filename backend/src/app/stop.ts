import type { Logger } from 'pino';

const PATIENCE_MS = 10_000;
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Ends the process at the first signal, while nothing is there yet to be ended in order. Returns a function that leaves signals to others. */
export function endOnSignals(): () => void {
  const end = (): never => process.exit(0);
  for (const signal of SIGNALS) process.on(signal, end);
  return () => {
    for (const signal of SIGNALS) process.off(signal, end);
  };
}

/** Stops the process in order at the first signal, at once at the second, and always in a bounded time. */
export function stopOnSignals(end: () => Promise<void>, logger: Logger, delayMs: number): void {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) {
      logger.warn({ signal }, 'Second signal: stopping at once');
      process.exit(1);
    }
    isStopping = true;
    logger.info({ signal, delayMs }, 'Stopping: requests under way are finished first');
    setTimeout(() => {
      logger.error('Stopping took too long');
      process.exit(1);
    }, delayMs + PATIENCE_MS).unref();
    end().then(
      () => {
        logger.info('Stopped');
        process.exit(0);
      },
      (error: unknown) => {
        logger.error({ err: error }, 'Stopping failed');
        process.exit(1);
      },
    );
  };
  for (const signal of SIGNALS) process.on(signal, stop);
}

/** Logs an uncaught error and ends the process: its state is no longer known. */
export function endOnUncaughtErrors(logger: Logger): void {
  const end = (error: unknown): void => {
    logger.fatal(
      { err: error instanceof Error ? error : new TypeError(String(error)) },
      'Uncaught',
    );
    process.exit(1);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
