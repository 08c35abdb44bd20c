import type { NodeAddress } from '../../src/redis/index.js';

/** The clients that are compared. */
export const CLIENT_KINDS = ['ours', 'ioredis', 'tuned', 'node-redis'] as const;

/** One of the clients that are compared. */
export type ClientKind = (typeof CLIENT_KINDS)[number];

/** Where the cluster is, as data that can be sent to another process. */
export interface ClusterPlace {
  readonly masterName: string;
  readonly sentinels: readonly NodeAddress[];
  /** Of the data nodes. */
  readonly password: string;
  /** Announced address to the one that reaches it, both as `host:port`; empty without proxies. */
  readonly natMap: Readonly<Record<string, string>>;
}

/** What a client noticed by itself, for the record. */
export interface ClientNotes {
  /** Connections to data nodes that it lost, as far as it tells. */
  connectionsLost: number;
  /** When it reported that another node is the primary; only ours does. */
  switchedAt: number[];
  /** What it says of the failovers; only ours does. */
  failovers: unknown;
}

/** What the benchmarks need of a client. */
export interface BenchClient {
  readonly notes: ClientNotes;
  /** Resolves when commands can be sent. */
  connect(): Promise<void>;
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<unknown>;
  incr(key: string): Promise<unknown>;
  /** A planned switchover, for those that know one. */
  switchover?(): Promise<unknown>;
  /** Runs any command, for those that take part in scenarios with such. */
  call?(command: readonly string[], timeoutMs?: number): Promise<unknown>;
  /** How many calls wait for a node, for those that tell. */
  waiting?(): number;
  close(): Promise<void>;
}

/** Makes empty notes. */
export function newNotes(): ClientNotes {
  return { connectionsLost: 0, switchedAt: [], failovers: null };
}

/** The name that `CLIENT LIST` shows for the connections of a client. */
export function connectionName(kind: string): string {
  return `bench-${kind}`;
}

/** Splits `host:port`. */
export function toAddress(text: string): NodeAddress {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}
