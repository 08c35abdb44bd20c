import type { RespClient, RedisTestNode } from '../../src/redis/testing/index.js';
import { eachCall, OK, type Calls } from '../common/ledger.js';
import { counterOf, keyOf, type OperationKind } from './workload.js';

const PORTION = 1000;

/** What of one client's acknowledged writes the surviving primary has. */
export interface Survivors {
  /** Numbers of acknowledged `SET`s whose key is missing or has another value. */
  readonly lost: readonly number[];
  readonly counter: number;
}

/** Asks the primary, directly, for everything that one client was told is written. */
export async function findSurvivors(
  primary: RedisTestNode,
  prefix: string,
  calls: Calls<OperationKind>,
): Promise<Survivors> {
  const connection = await primary.connect({ deadlineMs: 10_000 });
  try {
    const lost: number[] = [];
    const acknowledged = acknowledgedSets(calls);
    for (let at = 0; at < acknowledged.length; at += PORTION) {
      lost.push(...(await missing(connection, prefix, acknowledged.slice(at, at + PORTION))));
    }
    const counter = await connection.command(['GET', counterOf(prefix)]);
    return { lost, counter: Number(counter ?? 0) };
  } finally {
    connection.close();
  }
}

function acknowledgedSets(calls: Calls<OperationKind>): number[] {
  return [...eachCall(calls)]
    .filter(({ kind, outcome }) => kind === 'set' && outcome === OK)
    .map(({ index }) => index);
}

async function missing(
  connection: RespClient,
  prefix: string,
  numbers: readonly number[],
): Promise<number[]> {
  const values = await connection.command(['MGET', ...numbers.map((n) => keyOf(prefix, n))]);
  if (!Array.isArray(values)) throw new Error('MGET answered no list');
  return numbers.filter((number, at) => values[at] !== String(number));
}
