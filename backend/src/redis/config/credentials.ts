import { readFileSync } from 'node:fs';
import { ConfigInvalidError } from '../base/errors/index.js';
import {
  converted,
  HIDDEN,
  hideSecretsOf,
  isGiven,
  rule,
  type Rule,
  text,
} from '../base/options/index.js';

/** As whom a connection logs in. */
export interface RedisCredentials {
  /** ACL user. @defaultValue the `default` user */
  readonly username?: string;
  readonly password: string;
}

/** Returns the credentials that hold now. Called at each connection, and by `redis.renewCredentials()`. */
export type CredentialsFunction = () => RedisCredentials | Promise<RedisCredentials>;

/** What `AUTH` is sent with. */
export interface Login {
  readonly username: string | null;
  readonly password: string;
  /** Of two logins the one that was asked for later is the newer one. */
  readonly askedAs: number;
}

/** Sends a login on a connection that is in use. Resolves with its outcome. */
export type LogInAgain = (login: Login) => Promise<LoginRenewal>;

/** What a connection made of other credentials: it took them, refused them, or takes them when it is given back. */
export type LoginRenewal = 'renewed' | 'refused' | 'later';

/** How many connections took other credentials, and how many were refused them by the server. */
export interface CredentialsReport {
  readonly renewed: number;
  readonly refused: number;
  /** Connections that somebody has alone: they take them before they are lent again. */
  readonly later: number;
}

/**
 * Credentials that may change, and the connections that log in with them. A new connection asks for the
 * present ones; when the server has taken others than before, the connections that live log in again.
 */
export class Credentials {
  readonly #load: (username: string | null) => unknown;
  readonly #field: string;
  readonly #living = new Set<LogInAgain>();
  #taken: Login | null = null;
  #asked = 0;

  constructor(field: string, load: (username: string | null) => unknown) {
    this.#field = field;
    this.#load = load;
    hideSecretsOf(this, () => HIDDEN);
  }

  /**
   * Asks for the present ones.
   *
   * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) that never holds what was returned or thrown.
   */
  async current(username: string | null): Promise<Login> {
    const askedAs = ++this.#asked;
    return this.#readLogin(await this.#ask(username), askedAs);
  }

  /**
   * Keeps a connection logged in that a server has let in with this login, until the returned function is called.
   * If the login is another one than before, the other connections log in again; if it is outdated, this one does.
   */
  keep(login: Login, logInAgain: LogInAgain): () => void {
    const taken = this.#taken;
    if (taken === null || taken.askedAs < login.askedAs) {
      this.#taken = login;
      if (taken !== null && !isSame(taken, login)) void this.#tellAll(login);
    } else if (!isSame(taken, login)) {
      void logInAgain(taken);
    }
    this.#living.add(logInAgain);
    return () => this.#living.delete(logInAgain);
  }

  /** Asks for the present ones, and has every living connection log in with them. */
  async renew(username: string | null): Promise<CredentialsReport> {
    const login = await this.current(username);
    this.#taken = login;
    return this.#tellAll(login);
  }

  async #tellAll(login: Login): Promise<CredentialsReport> {
    const outcomes = await Promise.all([...this.#living].map((logInAgain) => logInAgain(login)));
    const count = (wanted: LoginRenewal): number =>
      outcomes.filter((outcome) => outcome === wanted).length;
    return { renewed: count('renewed'), refused: count('refused'), later: count('later') };
  }

  async #ask(username: string | null): Promise<unknown> {
    try {
      return await this.#load(username);
    } catch (error) {
      if (error instanceof ConfigInvalidError) throw error;
      // Its message may hold the secret.
      const kind = error instanceof Error ? error.name : typeof error;
      throw this.#refusal(`failed with ${kind}, whose message is not shown`);
    }
  }

  #readLogin(given: unknown, askedAs: number): Login {
    const { username = null, password } = isGiven(given) ? given : {};
    const isName = username === null || (typeof username === 'string' && /^\S+$/.test(username));
    if (isName && typeof password === 'string' && password !== '') {
      return { username, password, askedAs };
    }
    throw this.#refusal(
      'returned something else than { username, password }, or an empty password',
    );
  }

  #refusal(message: string): ConfigInvalidError {
    const remedy = 'Return { password }, or { username, password }, or a promise of it';
    return new ConfigInvalidError([{ field: this.#field, value: HIDDEN, message, remedy }]);
  }
}

/** Credentials by function. */
export const credentials: Rule<CredentialsFunction, Credentials> = converted(
  rule<CredentialsFunction>(
    'a function that returns { username, password }',
    (value) => typeof value === 'function',
    { shows: 'nothing', remedy: 'Write () => ({ username, password }), or leave it out' },
  ),
  (load, path) => new Credentials(path, load),
);

const FILE_REMEDY = 'Name a readable file that holds the password, not the password itself';

/** A password in a file, which is read at each connection: so it may change. */
export const passwordFile: Rule<string, Credentials> = converted(
  text('the path of a file, and not empty', /\S/),
  (file, path, findings) => {
    let last = readSecretFile(file);
    if (!last.ok) {
      findings.refuse(path, last.shown, last.reason, FILE_REMEDY);
      return undefined;
    }
    return new Credentials(path, (username) => {
      const now = readSecretFile(file);
      // While it is being replaced it may be empty, or gone for a moment.
      if (now.ok) last = now;
      return { username: username ?? undefined, password: last.ok ? last.text : '' };
    });
  },
);

function isSame(one: Login, other: Login): boolean {
  return one.username === other.username && one.password === other.password;
}

/** The text of a file that holds a secret, or why there is none. The reason and what may be shown of the path hold no secret. */
export type FileRead =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string; readonly shown: string };

/** Reads a file whose whole content is needed, such as a certificate. */
export function readFile(path: string): FileRead {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.trim() !== '') return { ok: true, text };
    return { ok: false, reason: 'names an empty file', shown: path };
  } catch (error) {
    // Only the code: the message repeats the path.
    const code = isGiven(error) ? String(error['code']) : 'unknown reason';
    // What names no file may be the secret itself, put into the wrong variable.
    const shown = code === 'EACCES' || code === 'EISDIR' ? path : HIDDEN;
    return { ok: false, reason: `names a file that cannot be read (${code})`, shown };
  }
}

/** Reads one secret. The line break with which editors and `echo` end a file is no part of it. */
export function readSecretFile(path: string): FileRead {
  const read = readFile(path);
  return read.ok ? { ok: true, text: read.text.replace(/\r?\n$/, '') } : read;
}
