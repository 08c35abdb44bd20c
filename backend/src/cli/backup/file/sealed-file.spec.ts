import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newKey } from '../../../../test/support/backup-rig.js';
import { seededRandom } from '../../../../test/support/random-histories.js';
import { FIRST_SEED } from '../../../../test/support/seeded-search.js';
import {
  BackupMaker,
  bytesOf,
  noise,
  ringOf,
  snapshotOf,
} from '../../../../test/support/snapshots.js';
import { BackupError } from '../backup-error.js';
import { HEADER_BYTES } from './backup-header.js';
import { verifyBackup } from './read-backup.js';

const [KEY, OLD_KEY, OTHER_KEY] = [newKey(), newKey(), newKey()];
const REFUSALS = ['DAMAGED', 'TRUNCATED', 'NOT_A_BACKUP', 'KEY_UNKNOWN', 'NEWER'];
const VALUES = Object.fromEntries(
  Array.from({ length: 40 }, (_, i) => [`key ${String(i)}`, noise(20_000)]),
);

let dir: string;
let whole: Buffer;
let path: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sealed-'));
  ({ path } = await new BackupMaker(dir, [KEY]).make(snapshotOf(VALUES)));
  whole = await bytesOf(path);
});
afterAll(() => {
  rmSync(dir, { recursive: true });
});

/** What is said of a file with these bytes. */
async function saidOf(bytes: Buffer, keys: readonly string[] = [KEY]): Promise<string> {
  const changed = join(dir, 'changed');
  await writeFile(changed, bytes);
  try {
    await verifyBackup(changed, ringOf(keys));
    return 'accepted';
  } catch (error) {
    return error instanceof BackupError ? error.code : String(error);
  }
}

describe('a backup', () => {
  it('is accepted as it was written, and lies there alone', async () => {
    expect(await saidOf(whole)).toBe('accepted');
    const header = await verifyBackup(path, ringOf([KEY]));
    expect(header).toMatchObject({ cluster: 'mymaster', offset: 100, rdbVersion: 11 });
    expect(header.counts.keys).toBe(40);
    expect(readdirSync(dir).filter((name) => name !== 'changed')).toHaveLength(1);
  });

  it('is refused when any one bit is another: in 100 places of chance, in its head and where that ends', async () => {
    const seed = FIRST_SEED;
    const random = seededRandom(seed);
    const places = Array.from({ length: 100 }, () => Math.floor(random() * whole.length * 8));
    const first = Array.from({ length: 120 }, (_, i) => i * 5 * 8 + (i % 8));
    const border = Array.from({ length: 80 }, (_, bit) => HEADER_BYTES * 8 + bit * 4);
    for (const bit of [...places, ...first, ...border]) {
      const changed = Buffer.from(whole);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const said = await saidOf(changed);
      expect({ seed, bit, said: REFUSALS.includes(said) ? 'refused' : said }).toEqual({
        ...{ seed, bit },
        said: 'refused',
      });
    }
  }, 60_000);

  it('is refused when it was cut off, wherever, or goes on after its end', async () => {
    const random = seededRandom(2);
    for (const part of [0, 0.001, 0.5, 0.999, ...Array.from({ length: 30 }, () => random())]) {
      const said = await saidOf(whole.subarray(0, Math.floor(whole.length * part)));
      expect({ part, isRefused: REFUSALS.includes(said) }).toEqual({ part, isRefused: true });
    }
    expect(REFUSALS).toContain(await saidOf(Buffer.concat([whole, Buffer.from('x')])));
  });

  it('is refused when a part of it is missing, comes twice, or stands elsewhere', async () => {
    const frames: Buffer[] = [];
    for (let at = HEADER_BYTES; at < whole.length;) {
      const end = at + 8 + whole.readUInt32BE(at);
      frames.push(whole.subarray(at, end));
      at = end;
    }
    expect(frames.length).toBeGreaterThan(3);
    const [one = whole, two = whole, ...others] = frames;
    const head = whole.subarray(0, HEADER_BYTES);
    expect(await saidOf(Buffer.concat([head, one, ...others]))).toBe('DAMAGED');
    expect(await saidOf(Buffer.concat([head, one, one, two, ...others]))).toBe('DAMAGED');
    expect(await saidOf(Buffer.concat([head, two, one, ...others]))).toBe('DAMAGED');
    expect(await saidOf(Buffer.concat([head, one, two]))).toBe('TRUNCATED');
    expect(await saidOf(Buffer.concat([head, one, two, ...others.slice(0, -1)]))).toBe('TRUNCATED');
  });

  it('is opened by an older key of the ring, and says which key is missing', async () => {
    expect(await saidOf(whole, [OTHER_KEY, KEY])).toBe('accepted');
    expect(await saidOf(whole, [OTHER_KEY])).toBe('KEY_UNKNOWN');
    const { path: old } = await new BackupMaker(dir, [OLD_KEY, KEY]).make(snapshotOf(VALUES));
    expect(await saidOf(await bytesOf(old), [KEY])).toBe('KEY_UNKNOWN');
    const refusal = await verifyBackup(old, ringOf([KEY])).catch((error: unknown) => error);
    const [keyId = ''] = ringOf([OLD_KEY]).ids;
    expect(refusal).toMatchObject({ message: expect.stringContaining(keyId) });
    for (const key of [KEY, OLD_KEY]) expect(String(refusal)).not.toContain(key);
  });

  it('holds nothing that can be read without its key', () => {
    const text = whole.toString('latin1');
    expect(text).not.toContain('key 1');
    expect(text).not.toContain(VALUES['key 1']?.slice(0, 20));
  });

  it('is not written, and leaves nothing, when what comes is no snapshot, or not the whole of it', async () => {
    const before = readdirSync(dir);
    const maker = new BackupMaker(dir, [KEY]);
    const whole = snapshotOf({ one: 'value' });
    const isOff = Buffer.from(whole);
    isOff[30] = (isOff[30] ?? 0) ^ 1;
    const codes = [
      [Buffer.from('HTTP/1.1 200 OK\r\n'), 'DAMAGED'],
      [whole.subarray(0, -9), 'TRUNCATED'],
      [isOff, 'DAMAGED'],
      [snapshotOf({ one: 'value' }, '0099'), 'NEWER'],
    ] as const;
    for (const [bytes, code] of codes) {
      await expect(maker.make(bytes)).rejects.toMatchObject({ code });
    }
    expect(readdirSync(dir)).toEqual(before);
  });
});
