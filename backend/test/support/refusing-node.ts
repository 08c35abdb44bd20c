import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil, type RedisTestNode } from '../../src/redis/testing/index.js';

/** What a node must be started with so that it can be made to refuse or to sleep. */
export const CAN_REFUSE: readonly string[] = [
  'enable-debug-command yes',
  'dbfilename dump.rdb',
  // So that it answers LOADING and BUSY soon, as one with gigabytes does.
  'loading-process-events-interval-bytes 1024',
  'rdbcompression no',
  'busy-reply-threshold 100',
];

/** Ends what {@link Refusal} began. Resolves when the node works again. */
export type EndRefusal = () => Promise<void>;

/** Makes a real node refuse, as it does by itself in production. Resolves when it does. */
export type Refusal = (node: RedisTestNode) => Promise<EndRefusal>;

const NOBODY_ENDS_IT_MS = 120_000;
const LOOK_EVERY_MS = 5;
// A minute of loading and more, in which the node answers somebody after each of these keys.
const FILLERS = 3000;
const FILLER_BYTES = 1100;
const KEY_LOAD_MICROSECONDS = 20_000;

/** `NOREPLICAS`: fewer replicas are in step than must be. */
export const tooFewReplicas: Refusal = async (node) => {
  const [, before = '0'] = (await node.command(
    'CONFIG',
    'GET',
    'min-replicas-to-write',
  )) as string[];
  await node.command('CONFIG', 'SET', 'min-replicas-to-write', '9');
  await untilAnswers(node, 'NOREPLICAS');
  return async () => {
    await node.command('CONFIG', 'SET', 'min-replicas-to-write', before);
    await untilWritable(node);
  };
};

/** `OOM`: no memory is left, and nothing may be evicted. */
export const outOfMemory: Refusal = async (node) => {
  await node.command('CONFIG', 'SET', 'maxmemory', '1');
  await untilAnswers(node, 'OOM');
  return async () => {
    await node.command('CONFIG', 'SET', 'maxmemory', '0');
    await untilWritable(node);
  };
};

/** `MISCONF`: snapshots cannot be written, as on a full disk. */
export const fullDisk: Refusal = async (node) => {
  const file = join((await node.info('server')).get('config_file') ?? '', '..', 'dump.rdb');
  // Nothing can be renamed to the name of a folder, not even by root.
  mkdirSync(file);
  await node.command('CONFIG', 'SET', 'save', '3600 1000000');
  await node.command('BGSAVE');
  await untilAnswers(node, 'MISCONF');
  return async () => {
    rmdirSync(file);
    await node.command('BGSAVE');
    await untilWritable(node);
  };
};

/** `LOADING`: the data set is read from disk, key by key, until somebody makes the disk fast again. */
export const loading: Refusal = async (node) => {
  await node.command('DEBUG', 'POPULATE', String(FILLERS), 'filler', String(FILLER_BYTES));
  await node.command('CONFIG', 'SET', 'key-load-delay', String(KEY_LOAD_MICROSECONDS));
  const connection = await node.connect({ deadlineMs: NOBODY_ENDS_IT_MS });
  const loaded = connection.command(['DEBUG', 'RELOAD']).finally(() => {
    connection.close();
  });
  await untilAnswers(node, 'LOADING');
  return async () => {
    await node.command('CONFIG', 'SET', 'key-load-delay', '0');
    await loaded;
    await untilWritable(node);
  };
};

/** `BUSY`: somebody's script does not end. */
export const busyScript: Refusal = async (node) => {
  const connection = await node.connect({ deadlineMs: NOBODY_ENDS_IT_MS });
  const ended = connection.command(['EVAL', 'while true do end', '0']).then(
    () => undefined,
    () => undefined,
  );
  await untilAnswers(node, 'BUSY');
  return async () => {
    await node.command('SCRIPT', 'KILL').catch(() => undefined);
    await ended;
    connection.close();
    await untilWritable(node);
  };
};

/** Keeps the node from doing anything for `ms`. Resolves when it goes on. */
export async function slowFor(node: RedisTestNode, ms: number): Promise<void> {
  const connection = await node.connect({ deadlineMs: ms + NOBODY_ENDS_IT_MS });
  await connection.command(['DEBUG', 'SLEEP', String(ms / 1000)]);
  connection.close();
}

async function untilAnswers(node: RedisTestNode, word: string): Promise<void> {
  await untilProbed(node, `${node.name} answers writes with ${word}`, (answer) =>
    answer.includes(word),
  );
}

async function untilWritable(node: RedisTestNode): Promise<void> {
  await untilProbed(node, `${node.name} accepts writes`, (answer) => answer === 'OK');
}

async function untilProbed(
  node: RedisTestNode,
  what: string,
  isIt: (answer: string) => boolean,
): Promise<void> {
  let answer = '';
  const look = async (): Promise<boolean> => {
    answer = await node.command('SET', 'probe:refusing', '1').then(String, String);
    return isIt(answer);
  };
  const explain = (): string[] => [`It answered ${answer}`];
  await waitUntil(look, { what, timeoutMs: 30_000, everyMs: LOOK_EVERY_MS, explain });
}
