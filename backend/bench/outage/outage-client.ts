import type { SampleValue } from '../cache/values.js';

/** A fact a contestant reported about itself. */
export interface Note {
  readonly at: number;
  readonly text: string;
}

/** What is measured of every contestant. */
export interface OutageClient {
  get(key: string): Promise<unknown>;
  set(key: string, value: SampleValue): Promise<unknown>;
  getOrSet(key: string, loader: () => Promise<SampleValue>): Promise<unknown>;
  /** Opens that many sessions; answers how one is validated. Only for those who have sessions. */
  openSessions?(count: number): Promise<(index: number) => Promise<boolean>>;
  /** Bytes of what it keeps in memory, and its promise. Only for those who say. */
  memory?(): MemoryUse;
  close(): Promise<unknown>;
}

/** What a store in memory holds, and what it may hold. */
export interface MemoryUse {
  readonly bytes: number;
  readonly bound: number;
}

/** Where a contestant writes what it reports. */
export class NoteBook {
  readonly notes: Note[] = [];
  /** Errors that were reported as events rather than to the caller. */
  reported = 0;

  constructor(private readonly clock: () => number) {}

  /** Takes a fact down. Bounded, as a broken client may report without end. */
  note(text: string): void {
    if (this.notes.length < 100) this.notes.push({ at: this.clock(), text });
  }
}

/** How long values live: longer than any run, so that what is missing was lost. */
export const TTL_MS = 600_000;
