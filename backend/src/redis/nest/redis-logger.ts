import { Logger } from '@nestjs/common';

/** Where the lines of a connection go. A Pino logger is one, and so is `console`. */
export interface RedisLogger {
  error(line: string): void;
  warn(line: string): void;
  info(line: string): void;
  debug(line: string): void;
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
