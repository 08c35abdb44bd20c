import type { LogLevel } from '@nestjs/common';

const LEVELS: readonly LogLevel[] = ['error', 'warn', 'log', 'debug', 'verbose'];

/** Where the sample backend listens, and how much it says. */
export interface AppConfig {
  readonly host: string;
  readonly port: number;
  readonly logLevels: LogLevel[];
}

/** Reads `HOST`, `PORT` and `LOG_LEVEL`. Refuses what makes no sense, by name. */
export function readAppConfig(env: Readonly<Record<string, string | undefined>>): AppConfig {
  const text = env['PORT'] ?? '3000';
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`PORT = "${text}": a port is a whole number from 0 to 65535, for example 3000`);
  }
  return {
    host: env['HOST'] ?? '127.0.0.1',
    port,
    logLevels: levelsUpTo(env['LOG_LEVEL'] ?? 'log'),
  };
}

function levelsUpTo(level: string): LogLevel[] {
  const index = LEVELS.findIndex((one) => one === level);
  if (index !== -1) return LEVELS.slice(0, index + 1);
  throw new Error(`LOG_LEVEL = "${level}": it is one of ${LEVELS.join(', ')}`);
}
