import { ConfigInvalidError } from '../../base/errors/index.js';
import { TableArchive } from '../../../../test/support/session-rig.js';
import { resolveSessionOptions, type SessionOptions } from './session-options.js';

function problemsOf(given: object): readonly string[] {
  try {
    resolveSessionOptions(given);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigInvalidError)) throw error;
    return error.problems.map(({ field }) => field);
  }
}

describe('the options of sessions', () => {
  it('have defaults', () => {
    expect(resolveSessionOptions({})).toEqual({
      idleMs: 1_800_000,
      absoluteMs: 43_200_000,
      maxAbsoluteMs: 43_200_000,
      touchEveryMs: 60_000,
      outageMs: 43_200_000,
      maxDataBytes: 262_144,
      archive: null,
      archiveRequired: true,
      archiveTimeoutMs: 1000,
      archiveRememberMs: 5000,
      archiveConcurrency: 16,
      keys: null,
      plainData: 'read',
    });
  });

  it('slide more often when sessions are short', () => {
    expect(resolveSessionOptions({ idleMs: 10_000 }).touchEveryMs).toBe(5000);
    expect(resolveSessionOptions({ idleMs: 10_000, touchEveryMs: 9999 }).touchEveryMs).toBe(9999);
  });

  it('let no session live longer than absoluteMs says, unless it is said', () => {
    expect(resolveSessionOptions({ absoluteMs: 5000 }).maxAbsoluteMs).toBe(5000);
    expect(resolveSessionOptions({ maxAbsoluteMs: 86_400_000 }).absoluteMs).toBe(43_200_000);
    expect(problemsOf({ absoluteMs: 5000, maxAbsoluteMs: 5000 })).toEqual([]);
  });

  it('may be left undefined by a program without types', () => {
    expect(problemsOf({ idleMs: undefined, archive: undefined })).toEqual([]);
    expect(problemsOf({ archiveRememberMs: 0, archive: new TableArchive() })).toEqual([]);
  });

  it.each([
    [{ idleMs: 0 }, ['sessions.idleMs']],
    [{ idleMs: '30m' }, ['sessions.idleMs']],
    [{ idleMs: 1.5 }, ['sessions.idleMs']],
    [{ absoluteMs: -1 }, ['sessions.absoluteMs']],
    [{ absoluteMs: Infinity }, ['sessions.absoluteMs']],
    [{ absoluteMs: 5000, maxAbsoluteMs: 4999 }, ['sessions.absoluteMs']],
    [{ maxAbsoluteMs: 0 }, ['sessions.maxAbsoluteMs']],
    [{ touchEveryMs: 1_800_000 }, ['sessions.touchEveryMs']],
    [{ touchEveryMs: null }, ['sessions.touchEveryMs']],
    [{ maxDataBytes: 0 }, ['sessions.maxDataBytes']],
    [{ archive: 'sql' }, ['sessions.archive']],
    [{ archive: { find: () => null } }, ['sessions.archive']],
    [{ archiveRequired: 'yes' }, ['sessions.archiveRequired']],
    [{ archiveTimeoutMs: 0 }, ['sessions.archiveTimeoutMs']],
    [{ archiveRememberMs: -1 }, ['sessions.archiveRememberMs']],
    [{ archiveConcurrency: 0 }, ['sessions.archiveConcurrency']],
    [{ idelMs: 1000 }, ['sessions.idelMs']],
    [
      { idleMs: 0, absoluteMs: 0, maxDataBytes: 0 },
      ['sessions.idleMs', 'sessions.absoluteMs', 'sessions.maxDataBytes'],
    ],
  ])('are refused, all at once: %j', (given, fields) => {
    expect(problemsOf(given)).toEqual(fields);
  });

  it('are not shown where they may hold a secret', () => {
    expect(() => resolveSessionOptions({ password: 'S3cret' } as SessionOptions)).toThrow(
      /^(?!.*S3cret).*is not an option/s,
    );
  });
});
