import { readFileSync } from 'node:fs';
import { parseAddress, type NodeAddress } from '../../redis/base/address/index.js';
import { KeyRing } from '../../redis/base/crypto/index.js';
import { type Environment, type OptionSpecs, type OptionValues } from '../frame/index.js';
import { CONNECTION_OPTIONS, connectionFrom, type ReachOptions } from '../reach/index.js';
import { BackupError } from './backup-error.js';
import { BackupFolder } from './backup-folder.js';
import { DEFAULT_KEEP, type KeepRule, readKeepRule } from './retention.js';

/** Options of `backup` and `restore`. */
export const BACKUP_OPTIONS = {
  dir: {
    kind: 'text',
    value: 'folder',
    isPath: true,
    about: 'where backups lie (else BACKUP_DIR)',
  },
  cluster: {
    kind: 'text',
    value: 'name',
    about: 'name of the cluster (else BACKUP_CLUSTER, else that of the group)',
  },
  ...CONNECTION_OPTIONS,
} as const satisfies OptionSpecs;

/** What both commands say besides in their help. */
export const ABOUT_KEYS =
  'BACKUP_KEYS or BACKUP_KEYS_FILE hold the keys that seal and open backups, the newest first.';

/** What was typed of {@link BACKUP_OPTIONS}. */
export type BackupValues = OptionValues<typeof BACKUP_OPTIONS>;

/** What the environment and the options say. */
export class BackupSettings {
  readonly #env: Environment;
  readonly #typed: BackupValues;

  constructor(env: Environment, typed: BackupValues) {
    this.#env = env;
    this.#typed = typed;
  }

  /** How Redis is reached: by the variables of the application. */
  get redis(): ReachOptions {
    return connectionFrom(this.#typed, { env: this.#env });
  }

  /** The name of the cluster: that of the Sentinel group where nothing else is said. */
  get cluster(): string {
    const named = this.#typed.cluster ?? textOf(this.#env['BACKUP_CLUSTER']);
    if (named !== null) return named;
    const { redis } = this;
    return redis.mode === 'sentinel' ? redis.sentinel.masterName : 'standalone';
  }

  get folder(): BackupFolder {
    const { dir } = this.#typed;
    if (dir !== null) return new BackupFolder(dir, '--dir');
    const path = textOf(this.#env['BACKUP_DIR']);
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
}

/** Reads an address that was typed; `null` when none was. @throws {@link BackupError} `SETTINGS_INVALID` */
export function readNode(option: string, text: string | null): NodeAddress | null {
  if (text === null) return null;
  const parsed = parseAddress(text, 6379);
  if (parsed.ok) return parsed.address;
  throw new BackupError('SETTINGS_INVALID', `--${option} ${text} is no address`, 'Write host:port');
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
