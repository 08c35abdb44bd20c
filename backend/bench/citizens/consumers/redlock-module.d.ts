// The package has types, and its `exports` do not name them. These are what is used here.
declare module 'redlock' {
  import type { Redis } from 'ioredis';

  interface Settings {
    readonly retryCount: number;
    readonly retryDelay: number;
  }

  type Script = (script: string) => string;

  interface Scripts {
    readonly acquireScript: Script;
    readonly extendScript: Script;
    readonly releaseScript: Script;
  }

  export interface Lock {
    readonly value: string;
  }

  export interface ExecutionResult {
    readonly attempts: readonly Promise<object>[];
  }

  export default class Redlock {
    constructor(clients: Iterable<Redis>, settings?: Partial<Settings>, scripts?: Scripts);
    release(lock: Lock): Promise<ExecutionResult>;
    using<T>(
      resources: string[],
      durationMs: number,
      routine: (signal: AbortSignal) => Promise<T>,
    ): Promise<T>;
  }
}
