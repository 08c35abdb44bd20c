import type { SessionService } from '../../src/redis/index.js';

/** The answer of a door. Without a code, what was asked for is done. */
export interface DoorAnswer {
  /** The token of a new session. */
  readonly token?: string;
  /** What the session holds. */
  readonly n?: number;
  readonly code?: string;
  /** Why a session is refused. */
  readonly reason?: string;
}

/** The sessions of one process, for users of it in this process or in another. Never fails: errors are answers. */
export interface SessionDoor {
  create(userId: string, n: number): Promise<DoorAnswer>;
  read(token: string): Promise<DoorAnswer>;
  update(token: string, n: number): Promise<DoorAnswer>;
  touch(token: string): Promise<DoorAnswer>;
  rotate(token: string): Promise<DoorAnswer>;
  destroy(token: string): Promise<DoorAnswer>;
  /** Ends all sessions of a user, but for the one of this token. */
  destroyOthers(userId: string, token: string): Promise<DoorAnswer>;
  readAll(tokens: readonly string[]): Promise<DoorAnswer[]>;
}

const AT_ONCE = 50;

/** The door to the sessions of this process. */
export function doorTo(sessions: SessionService<{ n: number }>): SessionDoor {
  const read = (token: string): Promise<DoorAnswer> =>
    answerOf(sessions.read(token).then(({ data }) => ({ n: data.n })));
  return {
    create: (userId, n) =>
      answerOf(sessions.create({ userId, data: { n } }).then(({ token }) => ({ token }))),
    read,
    update: (token, n) => answerOf(sessions.update(token, { n }).then(() => ({}))),
    touch: (token) => answerOf(sessions.touch(token).then(() => ({}))),
    rotate: (token) => answerOf(sessions.rotate(token).then((made) => ({ token: made.token }))),
    destroy: (token) => answerOf(sessions.destroy(token).then(() => ({}))),
    destroyOthers: (userId, except) =>
      answerOf(sessions.destroyAllOf(userId, { except }).then(() => ({}))),
    async readAll(tokens) {
      const answers: DoorAnswer[] = [];
      for (let from = 0; from < tokens.length; from += AT_ONCE) {
        answers.push(...(await Promise.all(tokens.slice(from, from + AT_ONCE).map(read))));
      }
      return answers;
    },
  };
}

/** The door to the sessions of a process that is asked with `call`. */
export function doorThrough(worker: {
  call<T>(name: string, ...args: readonly unknown[]): Promise<T>;
}): SessionDoor {
  const ask = (...args: readonly [string, ...unknown[]]): Promise<DoorAnswer> =>
    worker.call<DoorAnswer>(...args);
  return {
    create: (userId, n) => ask('create', userId, n),
    read: (token) => ask('read', token),
    update: (token, n) => ask('update', token, n),
    touch: (token) => ask('touch', token),
    rotate: (token) => ask('rotate', token),
    destroy: (token) => ask('destroy', token),
    destroyOthers: (userId, token) => ask('destroyOthers', userId, token),
    readAll: (tokens) => worker.call<DoorAnswer[]>('readAll', tokens),
  };
}

async function answerOf(asked: Promise<DoorAnswer>): Promise<DoorAnswer> {
  try {
    return await asked;
  } catch (error) {
    const { code = String(error), details } = error as {
      code?: string;
      details?: { reason?: string };
    };
    return { code, ...(details?.reason !== undefined && { reason: details.reason }) };
  }
}
