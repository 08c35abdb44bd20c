import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { KeyRing } from '../../base/crypto/index.js';
import {
  codeOf,
  newSessionWorld,
  TableArchive,
  type SessionRig,
} from '../../../../test/support/session-rig.js';
import type { SessionOptions } from '../index.js';

const [OLD, NEW] = [newKey(), newKey()];
const ANN = { userId: 'ann@example.com', data: { pin: 'S3cret' } };

function newKey(): string {
  return randomBytes(32).toString('base64');
}

function idOf(key: string): string {
  return KeyRing.of([key])?.ids[0] ?? '';
}

function facts({ events }: SessionRig): unknown[] {
  return events.map(({ type, ...rest }) => ({ type, ...rest }));
}

const noKey = (key: string): unknown => ({
  type: 'value.rejected',
  keyspace: 'sessions',
  fault: 'no-key',
  keyId: idOf(key),
});

async function reasonOf(call: Promise<unknown>): Promise<unknown> {
  const error = (await call.catch((caught: unknown) => caught)) as {
    details?: { reason?: string };
  };
  return error.details?.reason ?? 'none';
}

describe('encrypted sessions', () => {
  it('are begun, read, changed, listed, rotated and ended as others are', async () => {
    const { process } = newSessionWorld();
    const [a, b] = [process({ keys: [NEW] }), process({ keys: [NEW] })];
    const { token, session } = await a.sessions.create(ANN);
    expect(await b.sessions.read(token)).toEqual(session);
    await b.sessions.update(token, { pin: 'other' });
    expect((await a.sessions.read(token)).data).toEqual({ pin: 'other' });
    await a.sessions.touch(token);
    const rotated = await a.sessions.rotate(token);
    expect((await b.sessions.listOf(ANN.userId)).sessions).toEqual([rotated.session]);
    expect(await b.sessions.destroyById(ANN.userId, rotated.session.id)).toBe(true);
    expect(await codeOf(a.sessions.read(rotated.token))).toBe('SESSION_INVALID');
  });

  it('show neither their data nor their user in Redis, in memory, and in the journal', async () => {
    const { process, redis } = newSessionWorld();
    const rig = process({ keys: [NEW] });
    await rig.sessions.create(ANN);
    rig.keyspace.goAway();
    await rig.sessions.create(ANN);
    const bytes = [...redis.data.entries.values(), ...rig.keyspace.memory.entries.values()];
    expect(bytes).toHaveLength(3);
    for (const { body } of bytes) expect(body.toString('latin1')).not.toMatch(/S3cret|pin|ann@/);
    rig.keyspace.comeBack();
    expect(redis.data.entries.size).toBe(2);
    for (const { body } of redis.data.entries.values())
      expect(body.toString('latin1')).not.toMatch(/S3cret|pin|ann@/);
  });

  it('show no key and no data, however the service is printed', async () => {
    const { process } = newSessionWorld();
    const rig = process({ keys: [NEW], archive: new TableArchive() });
    await rig.sessions.create(ANN);
    const shown = inspect(rig.sessions, { depth: 20, showHidden: true });
    expect(shown).not.toContain(NEW.slice(0, 12));
  });

  it('go over to a new key while processes with old and new keys run side by side', async () => {
    const { process } = newSessionWorld();
    const rings: readonly (readonly string[])[] = [[OLD], [OLD, NEW], [NEW, OLD], [NEW]];
    let { token } = await process({ keys: rings[0]! }).sessions.create(ANN);
    for (const [step, ring] of rings.entries()) {
      const before = process({ keys: rings[Math.max(0, step - 1)]! });
      const after = process({ keys: ring });
      // A key may go when each session was written since another one is the first.
      await before.sessions.touch(token);
      await after.sessions.update(token, { pin: String(step) });
      expect((await before.sessions.read(token)).data).toEqual({ pin: String(step) });
      ({ token } = await before.sessions.rotate(token));
      expect((await after.sessions.read(token)).data).toEqual({ pin: String(step) });
      expect([...before.events, ...after.events]).toEqual([]);
    }
  });

  it('are begun with keys while processes without run side by side', async () => {
    const { process } = newSessionWorld();
    const steps: readonly SessionOptions[] = [
      {},
      { keys: [NEW], plainData: 'write' },
      { keys: [NEW] },
      { keys: [NEW], plainData: 'refuse' },
    ];
    const { token } = await process(steps[0]).sessions.create(ANN);
    for (const [step, options] of steps.entries()) {
      const [before, after] = [process(steps[Math.max(0, step - 1)]), process(options)];
      // What was begun at the step before the last was written since: each process has been used.
      if (step < 3) await after.sessions.touch(token);
      expect((await before.sessions.read(token)).data).toEqual(ANN.data);
      expect((await after.sessions.read(token)).data).toEqual(ANN.data);
      expect([...before.events, ...after.events]).toEqual([]);
    }
  });
});

describe('without the key of a session', () => {
  it('it is unreadable, not ended: who has the key still reads it', async () => {
    const { process, redis } = newSessionWorld();
    const [a, other, none] = [process({ keys: [NEW] }), process({ keys: [OLD] }), process()];
    const { token, session } = await a.sessions.create(ANN);
    for (const without of [other, none]) {
      expect(await reasonOf(without.sessions.read(token))).toBe('unreadable');
      expect(facts(without)).toEqual([noKey(NEW)]);
      expect(await without.sessions.find(token)).toBeNull();
      expect(await reasonOf(without.sessions.update(token, {}))).toBe('unreadable');
      expect(await reasonOf(without.sessions.rotate(token))).toBe('unreadable');
      expect(await without.sessions.destroyById(ANN.userId, session.id)).toBe(false);
    }
    expect(redis.data.entries.size).toBe(1);
    expect(await a.sessions.read(token)).toEqual(session);
  });

  it('it can be ended all the same', async () => {
    const { process } = newSessionWorld();
    const [a, other] = [process({ keys: [NEW] }), process({ keys: [OLD] })];
    const [one, two] = [await a.sessions.create(ANN), await a.sessions.create(ANN)];
    await other.sessions.destroy(one.token);
    expect(await reasonOf(a.sessions.read(one.token))).toBe('deleted');
    await other.sessions.destroyAllOf(ANN.userId);
    expect(await codeOf(a.sessions.read(two.token))).toBe('SESSION_INVALID');
  });

  it('a list without it is not called complete', async () => {
    const { process } = newSessionWorld();
    const [a, other] = [process({ keys: [NEW] }), process({ keys: [OLD] })];
    await a.sessions.create(ANN);
    const { session } = await other.sessions.create(ANN);
    expect(await other.sessions.listOf(ANN.userId)).toEqual({
      sessions: [session],
      isComplete: false,
    });
  });
});

describe('plain sessions where there are keys', () => {
  it('are read, and sealed at their next change or use', async () => {
    const { process, redis, clock } = newSessionWorld();
    const [plain, a] = [process(), process({ keys: [NEW] })];
    const { token, session } = await plain.sessions.create(ANN);
    expect(await a.sessions.read(token)).toEqual(session);
    const shown = (): string => redis.data.entries.get(session.id)?.body.toString('latin1') ?? '';
    expect(shown()).toContain('S3cret');
    await clock.advance(60_000);
    await a.sessions.read(token);
    await clock.advance(0);
    expect(shown()).not.toContain('S3cret');
    expect(await codeOf(a.sessions.read(token))).toBe('ok');
  });

  it('are refused when that is said, so that nobody who writes to Redis can make one', async () => {
    const { process, redis } = newSessionWorld();
    const [plain, a] = [process(), process({ keys: [NEW], plainData: 'refuse' })];
    const forged = await plain.sessions.create({ userId: 'admin', data: {} });
    expect(await reasonOf(a.sessions.read(forged.token))).toBe('unreadable');
    expect(facts(a)).toEqual([
      { type: 'value.rejected', keyspace: 'sessions', fault: 'not-encrypted' },
    ]);
    const own = await a.sessions.create(ANN);
    const sealed = redis.data.entries.get(own.session.id);
    redis.data.entries.set(forged.session.id, sealed!);
    expect(await reasonOf(a.sessions.read(forged.token))).toBe('unreadable');
    expect(a.events.at(-1)).toMatchObject({ fault: 'corrupt' });
  });
});

describe('the archive of encrypted sessions', () => {
  it('gets sealed data, and what it needs to find it in clear', async () => {
    const { process, redis } = newSessionWorld();
    const archive = new TableArchive();
    const [a, b] = [process({ archive, keys: [NEW] }), process({ archive, keys: [NEW] })];
    const { token, session } = await a.sessions.create(ANN);
    const { createdAt, endsAt } = session;
    const row = archive.rows.get(session.id);
    expect(row).toMatchObject({ userId: ANN.userId, createdAt, endsAt });
    await a.sessions.update(token, { pin: 'S3cret too' });
    await a.sessions.touch(token);
    expect(JSON.stringify([...archive.rows.values()])).not.toMatch(/S3cret|pin\\*"/);
    redis.empty();
    expect((await b.sessions.read(token)).data).toEqual({ pin: 'S3cret too' });
    expect((await b.sessions.listOf(ANN.userId)).sessions).toHaveLength(1);
  });

  it('keeps what nobody here can read, and Redis too', async () => {
    const { process, redis } = newSessionWorld();
    const archive = new TableArchive();
    const [a, other] = [process({ archive, keys: [NEW] }), process({ archive, keys: [OLD] })];
    const { token, session } = await a.sessions.create(ANN);
    const before = [redis.data.entries.get(session.id), archive.rows.get(session.id)];
    expect(await reasonOf(other.sessions.read(token))).toBe('unreadable');
    expect(facts(other)).toEqual([noKey(NEW), noKey(NEW)]);
    expect((await other.sessions.listOf(ANN.userId)).isComplete).toBe(false);
    redis.empty();
    expect((await other.sessions.listOf(ANN.userId)).isComplete).toBe(false);
    expect(await reasonOf(other.sessions.read(token))).toBe('unreadable');
    redis.data.entries.set(session.id, before[0] as never);
    expect([redis.data.entries.get(session.id), archive.rows.get(session.id)]).toEqual(before);
    expect(await a.sessions.read(token)).toEqual(session);
  });

  it('answers where only the entry in Redis cannot be read, which stays for who can read it', async () => {
    const { process, redis } = newSessionWorld();
    const archive = new TableArchive();
    const [a, other] = [process({ archive, keys: [NEW] }), process({ archive, keys: [OLD] })];
    const { token, session } = await other.sessions.create(ANN);
    const mine = await a.sessions.read(token).catch(() => null);
    expect(mine).toBeNull();
    const foreign = redis.data.entries.get(session.id)!;
    const [row] = archive.rows.values();
    const both = process({ archive, keys: [NEW, OLD] });
    await both.sessions.update(token, { pin: 'new' });
    redis.data.entries.set(session.id, foreign);
    expect((await a.sessions.read(token)).data).toEqual({ pin: 'new' });
    expect(redis.data.entries.get(session.id)).toBe(foreign);
    expect(row?.id).toBe(session.id);
    expect(await a.sessions.listOf(ANN.userId)).toMatchObject({ isComplete: true });
  });

  it('is not believed when it hands out the data of another session, or for another user', async () => {
    const { process, redis } = newSessionWorld();
    const archive = new TableArchive();
    const a = process({ archive, keys: [NEW], plainData: 'refuse' });
    const [ann, bob] = [
      await a.sessions.create(ANN),
      await a.sessions.create({ userId: 'bob', data: {} }),
    ];
    const [rowOfAnn, rowOfBob] = [ann, bob].map(({ session }) => archive.rows.get(session.id)!);
    redis.empty();
    archive.rows.set(bob.session.id, { ...rowOfBob!, data: rowOfAnn!.data });
    expect(await reasonOf(a.sessions.read(bob.token))).toBe('unreadable');
    archive.rows.set(bob.session.id, { ...rowOfBob!, userId: 'admin' });
    expect(await reasonOf(a.sessions.read(bob.token))).toBe('unreadable');
    archive.rows.set(bob.session.id, { ...rowOfBob!, data: { roles: ['admin'] } });
    expect(await reasonOf(a.sessions.read(bob.token))).toBe('unreadable');
    expect(a.events.map((event) => 'fault' in event && event.fault)).toEqual([
      'corrupt',
      'corrupt',
      'not-encrypted',
    ]);
  });
});

it('data that looks encrypted is refused: it could not be told apart later', async () => {
  const { process } = newSessionWorld();
  const archive = new TableArchive();
  await process({ archive, keys: [NEW] }).sessions.create(ANN);
  const [row] = archive.rows.values();
  const { sessions } = process({ archive });
  const data = row?.data as Record<string, unknown>;
  expect(await codeOf(sessions.create({ userId: 'eve', data }))).toBe('VALUE_UNSERIALIZABLE');
});
