import type { LoggerService } from '@nestjs/common';
import { pino, stdSerializers, type DestinationStream, type Logger } from 'pino';
import type { AppLogLevel } from './log-level.js';
import { contextFields } from './request-context.js';
import { scrub } from './scrub.js';

const SECRETS = ['authorization', 'cookie', 'set-cookie', 'password', 'token', 'secret'];
// What Nest logs about its own start is only useful for its developers.
const INNER = new Set([
  'InstanceLoader',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
  'NestApplication',
]);
const PLACES = ['', '*.', '*.*.'];

/** The logger of the application: JSON lines that say to which request they belong, without secrets. */
export function newLogger(level: AppLogLevel, destination: DestinationStream): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: newIsoTime(),
      formatters: { level: (label) => ({ level: label }) },
      mixin: contextFields,
      redact: { paths: PLACES.flatMap(pathsIn), censor: '[redacted]' },
      serializers: { err: serializeError },
    },
    destination,
  );
}

/** Writes the log of Nest, and of everything that logs through it, to that logger. */
export class JsonLogger implements LoggerService {
  constructor(readonly pino: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.#write(INNER.has(String(rest.at(-1))) ? 'debug' : 'info', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  // Nest puts the name of the logger last, and for errors a stack before it.
  #write(level: AppLogLevel, message: unknown, rest: readonly unknown[]): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const texts = rest.filter((one) => typeof one === 'string');
    const context = texts.at(-1);
    const stack = level === 'error' && texts.length > 1 ? texts[0] : undefined;
    const fields = {
      ...(context !== undefined && { context }),
      ...(stack !== undefined && { stack: scrub(stack) }),
    };
    if (message instanceof Error)
      this.pino[level]({ ...fields, err: message }, scrub(message.message));
    else if (typeof message === 'object' && message !== null) {
      this.pino[level]({ ...message, ...fields });
    } else this.pino[level](fields, scrub(String(message)));
  }
}

// Lines of a busy process share their millisecond, and making its text costs a third of what a line does.
function newIsoTime(): () => string {
  let [at, text] = [0, ''];
  return () => {
    const now = Date.now();
    if (now !== at) [at, text] = [now, `,"time":"${new Date(now).toISOString()}"`];
    return text;
  };
}

function pathsIn(place: string): string[] {
  return SECRETS.map((name) => (name.includes('-') ? bracketed(place, name) : `${place}${name}`));
}

function bracketed(place: string, name: string): string {
  return `${place.replace(/\.$/, '')}["${name}"]`;
}

// Only the text of an error, not its other members: a driver puts the values of a statement there.
function serializeError(error: Error): object {
  const { type, message, stack } = stdSerializers.err(error);
  const code = 'code' in error ? { code: error.code } : {};
  return { type, ...code, message: scrub(message), stack: scrub(stack) };
}
