import type { Problem } from '../../../base/errors/index.js';
import type { Login } from '../../../config/index.js';

/** What a connection is told before it is used. */
export interface HandshakeOptions {
  /** `null` where the server asks for none. */
  readonly login: Pick<Login, 'username' | 'password'> | null;
  readonly db: number;
}

/** A command that the server must accept, or the connection is not used. */
export interface HandshakeStep {
  readonly name: 'auth' | 'select';
  readonly args: readonly string[];
  /** Returns why the connection is not used, and the remedy, from the server's reason. */
  readonly explain: (reason: string) => string;
}

/**
 * Returns the commands that decide as whom and in which database everything after them runs, in the
 * order in which they are sent. The driver ignores a refused `SELECT` and some refused `AUTH`: then
 * commands would run in database 0, or on a server that does not know the password.
 */
export function handshakeSteps(settings: HandshakeOptions): readonly HandshakeStep[] {
  const { login, db } = settings;
  const steps: HandshakeStep[] = [];
  if (login !== null) steps.push({ name: 'auth', args: authArgs(login), explain: explainAuth });
  if (db !== 0) {
    const explain = (reason: string): string => explainSelect(db, reason);
    steps.push({ name: 'select', args: [String(db)], explain });
  }
  return steps;
}

/** The words after `AUTH`. */
export function authArgs({
  username,
  password,
}: Pick<Login, 'username' | 'password'>): readonly string[] {
  return username === null ? [password] : [username, password];
}

function explainAuth(reason: string): string {
  const isNotNeeded = /no password is set|without any password configured/i.test(reason);
  const remedy = isNotNeeded
    ? '. Check that this is the right server; give it this password, or leave the password out'
    : '';
  return `the password is refused: ${reason}${remedy}`;
}

function explainSelect(db: number, reason: string): string {
  // Which is about every command.
  if (reason.startsWith('NOAUTH')) return reason;
  return `database ${String(db)} cannot be selected: ${reason}${selectRemedy(reason)}`;
}

function selectRemedy(reason: string): string {
  if (reason.startsWith('NOPERM')) return '. Give the ACL user +select, or use database 0';
  if (!/out of range|invalid (DB|first) /i.test(reason)) return '';
  return '. Choose a database that the server has, or raise its setting "databases"';
}

/** Returns what to report when a server does not let a connection have its name. */
export function unnamed(clientName: string, reason: string): Problem {
  return {
    field: 'node.clientName',
    value: clientName,
    message: `a server refused it, so CLIENT LIST shows its connections without a name: ${reason}`,
    remedy: 'Give the ACL user +client|setname; everything else works without',
  };
}
