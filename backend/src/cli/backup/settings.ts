import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseAddress, type NodeAddress } from '../../redis/base/address/index.js';
import { KeyRing } from '../../redis/base/crypto/index.js';
import { resolveFromEnv, type ResolvedRedisOptions } from '../../redis/config/index.js';
import { BackupError } from './backup-error.js';
import { BackupFolder } from './backup-folder.js';
import { DEFAULT_KEEP, type KeepRule, readKeepRule } from './retention.js';

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

const OPTIONS = {
  json: { type: 'boolean' },
  help: { type: 'boolean' },
  dir: { type: 'string' },
  cluster: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  'allow-primary': { type: 'boolean' },
  'max-behind-bytes': { type: 'string' },
  'max-age-minutes': { type: 'string' },
  sessions: { type: 'string' },
  values: { type: 'string' },
  merge: { type: 'boolean' },
  foreign: { type: 'boolean' },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

/** What was typed: a command, the file that it is about, and options. */
export interface Typed {
  readonly command: string;
  readonly files: readonly string[];
  readonly values: Values;
}

/** Reads what was typed. @throws {@link BackupError} `SETTINGS_INVALID` for what does not exist. */
export function readTyped(args: readonly string[]): Typed {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: OPTIONS,
      allowPositionals: true,
    });
    const [command = 'help', ...files] = positionals;
    return { command, files, values };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new BackupError('SETTINGS_INVALID', message, 'See --help');
  }
}

/** What the environment and the options say. */
export class BackupSettings {
  readonly #env: Environment;
  readonly #typed: Typed;

  constructor(env: Environment, typed: Typed) {
    this.#env = env;
    this.#typed = typed;
  }

  /** How Redis is reached: by the variables of the application. */
  get redis(): ResolvedRedisOptions {
    return resolveFromEnv({ ...this.#env }).options;
  }

  /** The name of the cluster: that of the Sentinel group where nothing else is said. */
  get cluster(): string {
    const named = this.#typed.values.cluster ?? textOf(this.#env['BACKUP_CLUSTER']);
    if (named !== null) return named;
    const { redis } = this;
    return redis.mode === 'sentinel' ? redis.sentinel.masterName : 'standalone';
  }

  get folder(): BackupFolder {
    const path = this.#typed.values.dir ?? textOf(this.#env['BACKUP_DIR']);
    if (path !== null) return new BackupFolder(path);
    throw missing('BACKUP_DIR', 'where backups lie', 'Set it to a folder, or give --dir');
  }

  /** The keys that seal and open backups, the newest first. */
  get ring(): KeyRing {
    const file = textOf(this.#env['BACKUP_KEYS_FILE']);
    const text = file === null ? textOf(this.#env['BACKUP_KEYS']) : readSecret(file);
    if (text === null) {
      const remedy = 'Make one with: openssl rand -base64 32. Keep it where the backups are not';
      throw missing('BACKUP_KEYS', 'the keys of backups', remedy);
    }
    const ring = KeyRing.of(text.split(/[\s,]+/).filter((key) => key !== ''));
    if (ring !== null) return ring;
    throw new BackupError(
      'SETTINGS_INVALID',
      `${file === null ? 'BACKUP_KEYS' : file} holds something that is no key of 32 bytes in base64`,
      'Write the keys with commas between them, the newest first; make one with: openssl rand -base64 32',
    );
  }

  get keep(): KeepRule {
    const text = textOf(this.#env['BACKUP_KEEP']);
    return text === null ? DEFAULT_KEEP : readKeepRule(text);
  }

  /** An address that was typed; `null` when none was. */
  address(option: 'from' | 'to'): NodeAddress | null {
    const text = this.#typed.values[option];
    if (text === undefined) return null;
    const parsed = parseAddress(text, 6379);
    if (parsed.ok) return parsed.address;
    throw new BackupError(
      'SETTINGS_INVALID',
      `--${option} ${text} is no address`,
      'Write host:port',
    );
  }

  /** One of several words. */
  choice<T extends string>(option: 'sessions' | 'values', words: readonly [T, ...T[]]): T {
    const typed = this.#typed.values[option];
    const [fallback] = words;
    const word = typed === undefined ? fallback : words.find((one) => one === typed);
    if (word !== undefined) return word;
    const message = `--${option} ${String(typed)} does not exist`;
    throw new BackupError('SETTINGS_INVALID', message, `Write one of: ${words.join(', ')}`);
  }

  /** A whole number. */
  number(option: 'max-behind-bytes' | 'max-age-minutes', fallback: number): number {
    const typed = this.#typed.values[option];
    if (typed === undefined) return fallback;
    if (/^\d{1,12}$/.test(typed)) return Number(typed);
    const message = `--${option} ${typed} is no whole number`;
    throw new BackupError('SETTINGS_INVALID', message, `Write for example ${String(fallback)}`);
  }

  /** Whether an option was typed. */
  has(option: 'allow-primary' | 'merge' | 'foreign'): boolean {
    return this.#typed.values[option] === true;
  }
}

function missing(variable: string, what: string, remedy: string): BackupError {
  return new BackupError('SETTINGS_INVALID', `${variable} is not set: ${what}`, remedy);
}

function readSecret(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    const remedy = 'Name a file that this user can read';
    throw new BackupError('SETTINGS_INVALID', `${path} of BACKUP_KEYS_FILE cannot be read`, remedy);
  }
}

// An empty variable counts as not set: that is how Compose files leave one out.
function textOf(value: string | undefined): string | null {
  const text = value?.trim() ?? '';
  return text === '' ? null : text;
}
