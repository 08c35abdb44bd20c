import { Logger } from '@nestjs/common';

/** Where the lines of a connection go. A Pino logger is one, and so is `console`. What it throws is dropped. */
export interface RedisLogger {
  error(line: string): unknown;
  warn(line: string): unknown;
  info(line: string): unknown;
  debug(line: string): unknown;
}

/** Returns the logger of Nest as one. */
export function loggerOfNest(context: string): RedisLogger {
  const logger = new Logger(context);
  return {
    error: (line) => {
      logger.error(line);
    },
    warn: (line) => {
      logger.warn(line);
    },
    info: (line) => {
      logger.log(line);
    },
    debug: (line) => {
      logger.debug(line);
    },
  };
}

/** Returns a logger as one that does no harm: a line that it cannot write is lost, and nothing else. */
export function harmless(logger: RedisLogger): RedisLogger {
  const at = (level: keyof RedisLogger) => (line: string) => {
    // Looked up for each line: Pino replaces its methods when the level changes.
    harmlessly(() => logger[level](line));
  };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}

/**
 * Writes by a logger of the application, which may throw, or be async and reject: from a timer that would end the process,
 * and from a request its answer.
 */
export function harmlessly(write: () => unknown): void {
  try {
    const later = write() as { readonly then?: unknown } | null | undefined;
    if (typeof later?.then === 'function') Promise.resolve(later).catch(() => undefined);
  } catch {
    // Where should it be told?
  }
}
