import { Logger } from '@nestjs/common';
import type { Database } from '../database/database.js';
import { ArchiveSweeper } from './archive.sweeper.js';
import { TableArchive } from './table.archive.js';

function databaseWith(rows: number[]): { database: Database; query: jest.Mock } {
  const query = jest.fn(() =>
    Promise.resolve(Array.from({ length: rows.shift() ?? 0 }, () => ({}))),
  );
  return { database: { query } as unknown as Database, query };
}

beforeAll(() => {
  Logger.overrideLogger(false);
});

describe('ArchiveSweeper', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('sweeps within a minute of the start, until nothing is left, and then every ten minutes', async () => {
    const { database, query } = databaseWith([1000, 1000, 5]);
    const sweeper = new ArchiveSweeper(database);
    sweeper.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(29_000);
    expect(query).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(31_000);
    expect(query).toHaveBeenCalledTimes(3);
    await jest.advanceTimersByTimeAsync(10 * 60_000);
    expect(query).toHaveBeenCalledTimes(4);
    sweeper.onModuleDestroy();
    await jest.advanceTimersByTimeAsync(60 * 60_000);
    expect(query).toHaveBeenCalledTimes(4);
  });

  it('tries again after a failure', async () => {
    const { database, query } = databaseWith([]);
    query.mockRejectedValueOnce(new Error('away'));
    const sweeper = new ArchiveSweeper(database);
    sweeper.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(11 * 60_000);
    expect(query).toHaveBeenCalledTimes(2);
    sweeper.onModuleDestroy();
  });
});

describe('TableArchive', () => {
  it('lists a thousand sessions of a user, and refuses to leave any out without a word', async () => {
    const archive = new TableArchive(databaseWith([1000, 1001]).database);
    await expect(archive.listOf('user-1')).resolves.toHaveLength(1000);
    await expect(archive.listOf('user-1')).rejects.toThrow(RangeError);
  });
});
