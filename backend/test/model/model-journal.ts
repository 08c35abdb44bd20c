import {
  decodeLine,
  encodeLine,
  LogContents,
  type LogLine,
} from '../../src/redis/keyspace/journal/disk/journal-lines.js';
import {
  stampOfRecord,
  targetOf,
  type JournalLog,
  type JournalRecord,
} from '../../src/redis/keyspace/journal/disk/journal-log.js';
import type { KeptJournal } from '../../src/redis/keyspace/journal/kept-journal.js';
import { ProcessGone } from '../support/redis-in-memory/in-memory-port.js';

type Adopt = NonNullable<Parameters<NonNullable<KeptJournal['onAdopted']>>[0]>;

/**
 * The journal of a process on a disk that takes a moment for each line. What was on its way when the process crashed
 * is not there afterwards.
 */
export class ModelJournal implements JournalLog {
  readonly #isKept: boolean;
  readonly #lines: Buffer[];
  #isGone = false;
  #adopt: Adopt | null = null;

  /** @param isKept - false for a journal that is in memory only */
  constructor(isKept: boolean, lines: readonly Buffer[] = []) {
    this.#isKept = isKept;
    this.#lines = [...lines];
  }

  /** What a process finds when it starts. */
  kept(): KeptJournal {
    return {
      log: this,
      records: this.records,
      damagedBytes: 0,
      onAdopted: (adopt) => {
        this.#adopt = adopt;
        return () => (this.#adopt = null);
      },
    };
  }

  /** What was not settled, as it can be read from the disk. */
  get records(): JournalRecord[] {
    const contents = new LogContents();
    for (const bytes of this.#lines) {
      const line = decodeLine(bytes);
      if (line !== null) contents.add(line);
    }
    return contents.records;
  }

  /** The disk, for the next life of the process. */
  successor(): ModelJournal {
    return new ModelJournal(this.#isKept, this.#isKept ? this.#lines : []);
  }

  /** Takes in what another process has left. */
  async adopt(other: ModelJournal): Promise<void> {
    const { records } = other;
    if (records.length === 0 || !this.#isKept) return;
    for (const record of records) this.#lines.push(encodeLine(record));
    await this.#adopt?.(records, 0);
  }

  async append(record: JournalRecord): Promise<void> {
    await this.#write(record);
    if (this.#isGone) throw new ProcessGone();
  }

  settle(record: JournalRecord): void {
    const line = {
      kind: 'settled',
      target: targetOf(record),
      stamp: stampOfRecord(record),
    } as const;
    void this.#write(line);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The process has ended: nothing more is written. */
  end(): void {
    this.#isGone = true;
  }

  async #write(line: LogLine): Promise<void> {
    const bytes = encodeLine(line);
    await Promise.resolve();
    await Promise.resolve();
    if (!this.#isGone) this.#lines.push(bytes);
  }
}
