import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import * as catalogue from './index.js';
import {
  classifyFailure,
  codeOf,
  ConfigInvalidError,
  ConnectionLostError,
  InvalidArgumentError,
  NoPrimaryError,
  RedisHaError,
  replyPrefix,
  kindOf,
  safeMessage,
  withoutArguments,
  type FailureKind,
} from './index.js';

const PASSWORD = 'planted-S3cret';

class ReplyError extends Error {
  override readonly name = 'ReplyError';
}
const replied = (text: string, extra: object = {}): Error =>
  Object.assign(new ReplyError(text), extra);

describe('RedisHaError', () => {
  const error = new NoPrimaryError('no primary', { masterName: 'm' }, { cause: 'because' });

  it('has a name, a code, a cause and details that nobody can change', () => {
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'NoPrimaryError',
      code: 'NO_PRIMARY',
      retryable: true,
      message: 'no primary',
      cause: 'because',
      details: { masterName: 'm' },
    });
    expect(Object.isFrozen(error.details)).toBe(true);
    expect(() => Object.assign(error.details, { masterName: 'x' })).toThrow();
  });

  it('does not share its details with the code that created it', () => {
    const details: Record<string, unknown> = { a: 1 };
    const made = new NoPrimaryError('x', details);
    details['a'] = 2;
    expect(made.details).toEqual({ a: 1 });
  });

  it('is recognised across copies of the library', () => {
    let other!: typeof catalogue;
    jest.isolateModules(() => {
      other = jest.requireActual('./index.js');
    });
    const foreign = new other.NoPrimaryError('from the other copy');
    expect(foreign).not.toBeInstanceOf(RedisHaError);
    expect(RedisHaError.is(foreign)).toBe(true);
    expect(other.RedisHaError.is(error)).toBe(true);
  });

  it.each([
    [new TypeError('x')],
    [{ code: 'NO_PRIMARY' }],
    [null],
    [undefined],
    ['NO_PRIMARY'],
    [0],
  ])('does not take %j for one of ours', (other) => {
    expect(RedisHaError.is(other)).toBe(false);
  });

  it('does not show its mark when it is printed', () => {
    expect(Object.keys(error)).not.toContain('nestjs-redis-ha.error');
    expect(JSON.stringify(error)).not.toContain('nestjs-redis-ha');
  });
});

describe('the codes', () => {
  const codes = Object.values(catalogue)
    .filter((one) => typeof one === 'function' && one.prototype instanceof RedisHaError)
    .map((one) => new (one as unknown as new (given: unknown) => RedisHaError)([]))
    .map(({ code, retryable, name }) => `${code} ${name} ${retryable ? 'retryable' : 'final'}`)
    .sort();

  it('are stable: a change here breaks applications', () => {
    expect(codes).toEqual([
      'CIRCUIT_OPEN CircuitOpenError retryable',
      'CLOSED ClosedError final',
      'COMMAND_ABORTED CommandAbortedError final',
      'COMMAND_REJECTED CommandRejectedError final',
      'COMMAND_TIMEOUT CommandTimeoutError retryable',
      'COMMAND_UNCERTAIN CommandUncertainError final',
      'CONFIG_INVALID ConfigInvalidError final',
      'CONNECTION_LOST ConnectionLostError retryable',
      'DEGRADED_UNKNOWN DegradedUnknownError retryable',
      'DEGRADED_UNSUPPORTED DegradedUnsupportedError retryable',
      'INVALID_ARGUMENT InvalidArgumentError final',
      'JOURNAL_FILE_FAILED JournalFileError final',
      'JOURNAL_FULL JournalFullError retryable',
      'LOADER_FAILED LoaderFailedError retryable',
      'LOADER_TIMEOUT LoaderTimeoutError retryable',
      'NOT_REPLICATED NotReplicatedError final',
      'NO_PRIMARY NoPrimaryError retryable',
      'NO_REPLICA NoReplicaError retryable',
      'QUEUE_FULL QueueFullError retryable',
      'REDIS_DISABLED RedisDisabledError final',
      'SENTINELS_UNREACHABLE SentinelsUnreachableError retryable',
      'SESSION_INVALID SessionInvalidError final',
      'SESSION_UNAVAILABLE SessionUnavailableError retryable',
      'SWITCHOVER_FAILED SwitchoverFailedError retryable',
      'TEST_CLUSTER_FAILED TestClusterError final',
      'TEST_UNSUPPORTED UnsupportedInTestError final',
      'VALUE_TOO_LARGE ValueTooLargeError final',
      'VALUE_UNSERIALIZABLE ValueUnserializableError final',
    ]);
  });
});

describe('errors about options and arguments', () => {
  const problem = { field: 'node.db', value: -1, message: 'must not be negative', remedy: 'Use 0' };

  it('show each problem in the message and in the details when they are printed, and not once more', () => {
    const error = new ConfigInvalidError([problem]);
    expect(error.problems).toEqual([problem]);
    expect(inspect(error, { depth: 5 }).match(/Use 0/g)).toHaveLength(2);
  });

  it('list every problem at once', () => {
    const error = new ConfigInvalidError([problem, { ...problem, field: 'x', value: undefined }]);
    expect(error.message).toContain('2 problems');
    expect(error.message).toContain('node.db = -1: must not be negative. Use 0');
    expect(error.message).toContain('x = (not set)');
    expect(error.problems).toHaveLength(2);
    expect(new ConfigInvalidError([problem]).message).toContain('1 problem:');
  });

  it.each([
    [undefined, '(not set)'],
    [() => 1, '(a function)'],
    [null, 'null'],
    ['', '""'],
    [NaN, 'null'],
    [10n, '(bigint)'],
    [Symbol('s'), '(symbol)'],
    [{ a: [1] }, '{"a":[1]}'],
  ])('show the value %p as %s', (value, shown) => {
    expect(new InvalidArgumentError({ ...problem, value }).message).toContain(`= ${shown}:`);
  });

  it('show a value that cannot be turned into JSON', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    expect(() => new InvalidArgumentError({ ...problem, value: loop })).not.toThrow();
    const textless: unknown = Object.assign(Object.create(null), { n: 1n });
    expect(() => new InvalidArgumentError({ ...problem, value: textless })).not.toThrow();
  });
});

describe('classifyFailure', () => {
  const table: [FailureKind, unknown][] = [
    ['not-sent', new Error("Stream isn't writeable and enableOfflineQueue options is false")],
    ['unknown', new Error('Connection is closed.')],
    ['unknown', new Error('Reached the max retries per request limit (which is 0).')],
    ['unknown', new Error('Command timed out')],
    ['unknown', new Error('Command aborted due to connection close')],
    ['unknown', new Error('connect ECONNREFUSED 127.0.0.1:6379')],
    ['unknown', new Error('READONLY is what this error of nobody says')],
    ['unknown', 'READONLY'],
    ['unknown', null],
    ['unknown', undefined],
    ['not-primary', replied("READONLY You can't write against a read only replica.")],
    ['not-ready', replied('NOREPLICAS Not enough good replicas to write.')],
    ['not-ready', replied('LOADING Redis is loading the dataset in memory')],
    ['not-ready', replied('MASTERDOWN Link with MASTER is down')],
    ['not-ready', replied('BUSY Redis is busy running a script.')],
    // Only Redis Cluster answers so, and a script of the user's.
    ['rejected', replied('TRYAGAIN Multiple keys request')],
    ['not-ready', replied('MISCONF Redis is configured to save RDB snapshots')],
    ['unblocked', replied('UNBLOCKED force unblock from blocking operation')],
    ['rejected', replied('WRONGTYPE Operation against a key')],
    ['rejected', replied('ERR unknown command')],
    ['rejected', replied('BUSYGROUP Consumer Group name already exists')],
    ['rejected', replied('BUSYKEY Target key name already exists.')],
    ['rejected', replied('NOAUTH Authentication required.')],
    ['rejected', replied('NOPERM no permissions')],
    ['rejected', replied('OOM command not allowed')],
    ['rejected', replied('NOSCRIPT No matching script.')],
    ['rejected', replied('no prefix at all')],
    ['rejected', replied('')],
    ['rejected', replied('EXECABORT Transaction discarded')],
    ['rejected', replied('EXECABORT', { previousErrors: [] })],
    ['rejected', replied('EXECABORT', { previousErrors: 'what' })],
    [
      'not-primary',
      replied(
        "EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.",
      ),
    ],
    [
      'not-ready',
      replied(
        'EXECABORT Transaction discarded because of: NOREPLICAS Not enough good replicas to write.',
        { previousErrors: [] },
      ),
    ],
    ['rejected', replied('EXECABORT Transaction discarded because of: OOM command not allowed')],
    ['not-ready', replied('EXECABORT', { previousErrors: [replied('NOREPLICAS no')] })],
    ['not-primary', replied('EXECABORT', { previousErrors: [replied('READONLY no')] })],
    [
      'not-primary',
      replied('EXECABORT', { previousErrors: [replied('LOADING no'), replied('READONLY no')] }),
    ],
    [
      'rejected',
      replied('EXECABORT', { previousErrors: [replied('READONLY no'), replied('ERR wrong')] }),
    ],
  ];

  it.each(table)('calls it %s: %s', (kind, error) => {
    expect(classifyFailure(error)).toBe(kind);
  });

  it.each([
    ["READONLY You can't write against a read only replica. script: 42a, on @user_script:1."],
    ['LOADING Redis is loading the dataset in memory'],
    ['LOADING Valkey is loading the dataset in memory'],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."],
    ['NOREPLICAS Not enough good replicas to write. script: 42a, on @user_script:1.'],
    ['BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.'],
    ['BUSY Redis is busy running a module command.'],
    ['MISCONF Redis is configured to save RDB snapshots, but is unable to persist on disk.'],
    ['MISCONF Errors writing to the AOF file: No space left on device'],
  ])('knows the wording of the server also where the user may choose the words: %s', (message) => {
    expect(classifyFailure(replied(message), true)).not.toBe('rejected');
  });

  it.each([
    'BUSY the lock is held',
    'LOADING the catalogue',
    'NOREPLICAS today',
    'READONLY for guests',
    'MISCONF in the plan',
    'MASTERDOWN tools',
  ])('takes %j of a script for the answer of that script', (message) => {
    expect(classifyFailure(replied(message), true)).toBe('rejected');
    expect(classifyFailure(replied(message), false)).not.toBe('rejected');
  });

  it('understands errors of another realm', () => {
    const foreign: unknown = runInNewContext(
      `const e = new Error('READONLY no'); e.name = 'ReplyError'; e`,
    );
    expect(classifyFailure(foreign)).toBe('not-primary');
    expect(safeMessage(foreign)).toBe('READONLY no');
  });
});

describe('what an error says', () => {
  it.each([
    ['WRONGTYPE Operation', 'WRONGTYPE'],
    ['ERR syntax error', 'ERR'],
    ['NOAUTH', 'NOAUTH'],
    ['CUSTOM2_X y', 'CUSTOM2_X'],
    ['lower case', 'ERR'],
    ['', 'ERR'],
  ])('begins with its prefix: %j', (message, prefix) => {
    expect(replyPrefix(new Error(message))).toBe(prefix);
  });

  it.each([
    [
      `ERR unknown command 'FOO', with args beginning with: 'key' '${PASSWORD}' `,
      "ERR unknown command 'FOO'",
    ],
    [
      `ERR unknown command 'FOO' with args beginning with: '${PASSWORD}'`,
      "ERR unknown command 'FOO'",
    ],
    [
      `ERR unknown command 'A', with args beginning with: 'two\nlines ${PASSWORD}'`,
      "ERR unknown command 'A'",
    ],
    [`ERR unknown command '${PASSWORD.repeat(10)}'`, "ERR unknown command '…"],
    ['WRONGTYPE Operation against a key', 'WRONGTYPE Operation against a key'],
  ])('holds no arguments: %j', (message, safe) => {
    expect(safeMessage(new Error(message))).toBe(safe);
    expect(safeMessage(new Error(message))).not.toContain(PASSWORD);
  });

  it.each([
    "NOGROUP No such key 'user:planted-S3cret' or consumer group 'g' in XREADGROUP with GROUP option",
    "NOGROUP No such consumer group 'planted-S3cret' for key name 'k'",
  ])('holds no keys: %j', (message) => {
    expect(safeMessage(new Error(message))).not.toContain(PASSWORD);
    expect(safeMessage(new Error(message))).toMatch(/^NOGROUP/);
  });

  it('holds no password of a user that is set up', () => {
    const error = new Error(`ERR Error in ACL SETUSER modifier '<${PASSWORD}': no such password`);
    expect(safeMessage(error)).toBe('ERR Error in ACL SETUSER modifier');
  });

  it.each([
    [new TypeError(PASSWORD), 'TypeError'],
    [Object.assign(new Error(PASSWORD), { code: 'ENOENT' }), 'Error ENOENT'],
    [Object.assign(new Error('x'), { name: `user:${PASSWORD}`, code: `of ${PASSWORD}` }), 'Error'],
    [new NoPrimaryError(PASSWORD), 'NO_PRIMARY'],
    [PASSWORD, '(string)'],
    [null, '(object)'],
  ])('can be told by its kind alone: %#', (error, kind) => {
    expect(kindOf(error)).toBe(kind);
  });

  it('has a message for a value that is no error', () => {
    expect(safeMessage('x')).toBe('unknown error');
  });

  it('loses its command and its earlier errors when it is passed on', () => {
    const error = replied(`ERR unknown command 'X', with args beginning with: '${PASSWORD}'`, {
      command: { name: 'hello', args: ['3', 'AUTH', 'bob', PASSWORD] },
      previousErrors: [replied(PASSWORD)],
    });
    const safe = withoutArguments(error);
    expect(safe).toBe(error);
    expect(safe).not.toHaveProperty('command');
    expect(safe).not.toHaveProperty('previousErrors');
    expect(JSON.stringify([safe, safe.message, Object.values(safe)])).not.toContain(PASSWORD);
    expect(safe.stack).not.toContain(PASSWORD);
  });

  it('turns a value that is no error into one', () => {
    expect(withoutArguments('oops')).toBeInstanceOf(ConnectionLostError);
  });
});

describe('codeOf', () => {
  it.each<[unknown, string | null]>([
    [Object.assign(new TypeError('x'), { code: 'ENOSPC' }), 'ENOSPC'],
    [new NoPrimaryError('x'), 'NO_PRIMARY'],
    [{ code: '23505' }, '23505'],
    [{ code: 'not one word: a secret' }, null],
    [{ code: 'A'.repeat(65) }, null],
    [{ code: 5 }, null],
    [new TypeError('x'), null],
    ['ENOSPC', null],
    [null, null],
    [undefined, null],
  ])('takes from %p only what is no data', (error, code) => {
    expect(codeOf(error)).toBe(code);
  });
});
