/** Where the sample backend listens. */
export interface AppConfig {
  readonly host: string;
  readonly port: number;
}

/** Reads `HOST` and `PORT`. Refuses a port that is none, by name. */
export function readAppConfig(env: Readonly<Record<string, string | undefined>>): AppConfig {
  const text = env['PORT'] ?? '3000';
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`PORT = "${text}": a port is a whole number from 0 to 65535, for example 3000`);
  }
  return { host: env['HOST'] ?? '127.0.0.1', port };
}
