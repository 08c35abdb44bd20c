import {
  changingCredentials,
  type Login,
  type LoginRenewal,
  type ResolvedAccess,
} from '../../../config/index.js';
import { authArgs } from './handshake-steps.js';

/** Keeps one of our connections logged in where credentials may change, and disturbs nobody who has it alone. */
export class KeptLogin {
  readonly #send: (args: readonly string[]) => Promise<unknown>;
  #isReserved = false;
  #due: Login | null = null;
  #stopKeeping: (() => void) | null = null;

  /** @param send - sends `AUTH` with these words; rejects when it is refused */
  constructor(send: (args: readonly string[]) => Promise<unknown>) {
    this.#send = send;
  }

  /** The server has let the connection in with this login. */
  keep(access: ResolvedAccess, login: Login | null): void {
    const changing = changingCredentials(access);
    if (changing === null || login === null) return;
    this.#stopKeeping = changing.keep(login, (other) => this.#logInAgain(other));
  }

  /** Sets whether somebody has the connection alone. A login that is due is sent when it is given back. */
  reserve(isReserved: boolean): void {
    this.#isReserved = isReserved;
    const login = this.#due;
    if (isReserved || login === null) return;
    this.#due = null;
    void this.#logInAgain(login);
  }

  /** The connection is closed. */
  stop(): void {
    this.#stopKeeping?.();
  }

  async #logInAgain(login: Login): Promise<LoginRenewal> {
    if (this.#isReserved) {
      this.#due = login;
      return 'later';
    }
    try {
      await this.#send(authArgs(login));
      return 'renewed';
    } catch {
      // It stays logged in as before.
      return 'refused';
    }
  }
}
