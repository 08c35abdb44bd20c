/** How much the log says; each level includes those before it. */
export type AppLogLevel = (typeof LOG_LEVELS)[number];

/** All levels, the most urgent first. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

// What Nest calls the levels, and what this application called them before it wrote JSON.
const FORMER: Readonly<Record<string, AppLogLevel>> = { log: 'info', verbose: 'trace' };

/** Reads the name of a level; `null` for any other text. */
export function readLogLevel(text: string): AppLogLevel | null {
  const name = text.toLowerCase();
  return LOG_LEVELS.find((level) => level === name) ?? FORMER[name] ?? null;
}
