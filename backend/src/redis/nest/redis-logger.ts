/** Where the lines of a connection go. A Pino logger is one, and so is `console`. */
export interface RedisLogger {
  error(line: string): void;
  warn(line: string): void;
  info(line: string): void;
  debug(line: string): void;
}
