import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { NodeAddress } from '../base/address/index.js';
import type { JournalFsync, ReadPolicy } from './redis-options.js';

/** Credentials and transport of one kind of node. */
export interface ResolvedAccess {
  readonly username: string | null;
  readonly password: string | null;
  /** `null` means plain TCP. */
  readonly tls: TlsOptions | null;
}

/** Says where an announced address is reached from here. Identity when nothing is mapped. */
export type AddressMapper = (announced: NodeAddress) => NodeAddress;

interface ResolvedCommon {
  /** Name of this connection; `default` unless several are registered. */
  readonly name: string;
  readonly node: ResolvedAccess & {
    readonly db: number;
    readonly keyPrefix: string;
    readonly clientName: string;
    readonly connectTimeoutMs: number;
    readonly heartbeatIntervalMs: number;
    readonly heartbeatTimeoutMs: number;
    readonly stallAfterMs: number;
    readonly keepAliveMs: number;
  };
  readonly routing: {
    readonly readPolicy: ReadPolicy;
    /** `null` means no bound. */
    readonly maxStalenessMs: number | null;
    readonly readTimeoutMs: number;
    readonly writeTimeoutMs: number;
    readonly maxQueuedCommands: number;
    readonly maxQueuedBytes: number;
    readonly retryUncertain: boolean;
  };
  readonly pools: { readonly writeSize: number; readonly readSize: number };
  readonly fallback: {
    readonly timeoutMs: number;
    readonly breakerFailures: number;
    readonly breakerOpenMs: number;
    readonly stableMs: number;
    readonly maxEntries: number;
    readonly maxBytes: number;
  };
  readonly journal: {
    readonly maxEntries: number;
    readonly maxBytes: number;
    readonly maxAgeMs: number;
    readonly replayPerSecond: number;
    readonly reapplyMs: number;
    /** `null` means in memory only. */
    readonly file: string | null;
    readonly fsync: JournalFsync;
  };
  readonly shutdownTimeoutMs: number;
}

/** Sentinel mode, complete and frozen. */
export interface ResolvedSentinelOptions extends ResolvedCommon {
  readonly mode: 'sentinel';
  readonly sentinel: ResolvedAccess & {
    readonly masterName: string;
    readonly nodes: readonly NodeAddress[];
    readonly mapAddress: AddressMapper;
    readonly pollIntervalMs: number;
    readonly fastPollIntervalMs: number;
    readonly commandTimeoutMs: number;
  };
}

/** One Redis, complete and frozen. */
export interface ResolvedStandaloneOptions extends ResolvedCommon {
  readonly mode: 'standalone';
  readonly address: NodeAddress;
}

/** No Redis at all. */
export interface ResolvedMemoryOptions extends ResolvedCommon {
  readonly mode: 'memory';
}

/** What the engine consumes: every default applied, nothing optional, frozen. */
export type ResolvedRedisOptions =
  ResolvedSentinelOptions | ResolvedStandaloneOptions | ResolvedMemoryOptions;
