import { mkdtempSync, rmSync } from 'node:fs';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newKey } from '../../../../test/support/backup-rig.js';
import { BackupMaker, ringOf, snapshotOf } from '../../../../test/support/snapshots.js';
import { encodeEntry, newTombstone } from '../../../redis/keyspace/store/entry.js';
import { EndsLogWriter, readEnds } from '../ends/ends-log.js';
import type { BackupHeader } from '../file/backup-header.js';
import { knownEnds } from './known-ends.js';

const KEY = newKey();
const ring = ringOf([KEY]);
const HISTORY = 'a'.repeat(40);
const NEXT_HISTORY = 'b'.repeat(40);
const NEVER = 4_102_444_800_000;

let dir: string;
let maker: BackupMaker;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ends-'));
  maker = new BackupMaker(dir, [KEY]);
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

const tombstone = (wallMs: number): Buffer =>
  encodeEntry(
    newTombstone(
      { wallMs, count: 0, origin: '0'.repeat(16) },
      { madeAt: wallMs, freshUntil: NEVER, isFinal: true },
    ),
  );
const session = encodeEntry({
  ...newTombstone(
    { wallMs: 1, count: 0, origin: '0'.repeat(16) },
    { madeAt: 1, freshUntil: NEVER },
  ),
  kind: 'value',
  codec: 0x53,
  isFinal: false,
});

/** A backup of one session, at an offset and a time. */
async function backupAt(
  offset: number,
  takenAt: number,
  others: Record<string, Buffer> = {},
): Promise<BackupHeader> {
  const snapshot = snapshotOf({ 'sessions:one': session, ...others });
  return (await maker.make(snapshot, { offset, takenAt, history: HISTORY })).header;
}

/** A list that begins at an offset, and goes on to others. */
async function listOf(
  from: number,
  portions: readonly (readonly [offset: number, ...keys: string[]])[],
  histories = [HISTORY, HISTORY],
): Promise<string> {
  const [history = HISTORY, last = history] = histories;
  const home = { folder: maker.folder, ring, cluster: 'mymaster' };
  const begin = { history, offset: from, db: 0, at: from * 10, node: '127.0.0.1:6380' };
  const writer = await EndsLogWriter.create(home, begin);
  for (const [offset, ...keys] of portions) {
    const ends = keys.map((key) => ({
      ...{ db: 0, key: Buffer.from(key), value: tombstone(offset), expiresAt: NEVER },
    }));
    await writer.add(ends, { history: last, offset, db: 0 }, offset * 10);
  }
  await writer.close();
  const [file] = (await maker.folder.filesOf('mymaster', 'ends')).filter(
    ({ header }) => header.offset === from,
  );
  return file?.path ?? '';
}

const known = async (backup: BackupHeader): Promise<{ keys: string[]; until: number } | null> => {
  const found = await knownEnds(backup, maker.folder, ring);
  return found && { keys: found.ends.map(({ key }) => String(key)), until: found.until };
};

describe('what was ended since a backup', () => {
  it('is in the list that goes on from it, and in those that follow', async () => {
    const backup = await backupAt(100, 1_000);
    await listOf(200, [[300, 'c']], [NEXT_HISTORY, NEXT_HISTORY]);
    await listOf(
      50,
      [
        [120, 'a'],
        [200, 'b'],
      ],
      [HISTORY, NEXT_HISTORY],
    );
    expect(await known(backup)).toEqual({ keys: ['a', 'b', 'c'], until: 3_000 });
  });

  it('is not in lists of another history, or that begin too late', async () => {
    const backup = await backupAt(100, 1_000);
    await listOf(150, [[300, 'too late']]);
    await listOf(90, [[300, 'elsewhere']], [NEXT_HISTORY, NEXT_HISTORY]);
    await expect(known(backup)).rejects.toMatchObject({ code: 'ENDS_MISSING' });
  });

  it('is in a later backup, and the list of that, where the own list ends before', async () => {
    const backup = await backupAt(100, 1_000);
    await listOf(100, [[120, 'a']]);
    await backupAt(500, 5_000, { b: tombstone(400) });
    await listOf(500, [[600, 'c']]);
    expect(await known(backup)).toEqual({ keys: ['a', 'b', 'c'], until: 6_000 });
  });

  it('is in a later backup alone, also where the latest one cannot be read', async () => {
    const backup = await backupAt(100, 1_000);
    await backupAt(500, 5_000, { b: tombstone(400) });
    await new BackupMaker(dir, [newKey()]).make(snapshotOf({}), {
      takenAt: 9_000,
      history: HISTORY,
    });
    expect(await known(backup)).toEqual({ keys: ['b'], until: 5_000 });
  });

  it('is in a later backup only if the cluster has gone on to it, through failovers, and did not come back empty', async () => {
    const backup = await backupAt(100, 1_000);
    const empty = { takenAt: 9_000, offset: 900, history: 'c'.repeat(40) };
    await maker.make(snapshotOf({ c: tombstone(900) }), empty);
    await expect(known(backup)).rejects.toMatchObject({ code: 'ENDS_MISSING' });
    const next = { takenAt: 5_000, offset: 500, history: NEXT_HISTORY, previous: HISTORY };
    await maker.make(snapshotOf({ b: tombstone(400) }), next);
    expect(await known(backup)).toEqual({ keys: ['b'], until: 5_000 });
    const third = { takenAt: 7_000, offset: 700, history: 'd'.repeat(40), previous: NEXT_HISTORY };
    await maker.make(snapshotOf({ b: tombstone(400), d: tombstone(600) }), third);
    expect(await known(backup)).toEqual({ keys: ['b', 'd'], until: 7_000 });
  });

  it('is the last end of each key', async () => {
    const backup = await backupAt(100, 1_000);
    await listOf(100, [
      [120, 'a'],
      [130, 'a'],
    ]);
    const found = await knownEnds(backup, maker.folder, ring);
    expect(found?.ends.map(({ value }) => value)).toEqual([tombstone(130)]);
  });

  it('need not be known where there are no sessions', async () => {
    const { header } = await maker.make(snapshotOf({ one: 'value' }), { takenAt: 1_000 });
    expect(await known(header)).toBeNull();
  });
});

describe('a list of ends', () => {
  it('may end in the middle of a portion, which is not in it then', async () => {
    const path = await listOf(100, [
      [120, 'a'],
      [130, 'b'],
    ]);
    const whole = await readFile(path);
    await appendFile(path, whole.subarray(4_096, 4_200));
    expect((await readEnds(path, ring)).until.offset).toBe(130);
    await writeFile(path, whole.subarray(0, -1));
    const { ends, until } = await readEnds(path, ring);
    expect({ keys: ends.map(({ key }) => String(key)), until: until.offset }).toEqual({
      keys: ['a'],
      until: 120,
    });
  });

  it('is refused when anything in it was changed', async () => {
    const path = await listOf(100, [
      [120, 'a'],
      [130, 'b'],
    ]);
    const whole = await readFile(path);
    for (let at = 0; at < whole.length; at += 97) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 4;
      await writeFile(path, changed);
      const isRefused = await readEnds(path, ring).then(
        () => false,
        () => true,
      );
      expect({ at, isRefused }).toEqual({ at, isRefused: true });
    }
  });
});
