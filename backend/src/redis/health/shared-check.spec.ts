import { ManualClock } from '../testing/index.js';
import { planChecks } from './plan-checks.js';
import { SharedCheck, type AnyCheck } from './shared-check.js';

const UP = { database: { status: 'up', rows: 3 } };

function newCheck(check: AnyCheck, name: string | null = null) {
  const clock = new ManualClock();
  return { clock, shared: new SharedCheck(name, 1, check, { deadlineMs: 200, clock }) };
}

describe('SharedCheck', () => {
  it('hands on what the check says, and leaves no timer behind', async () => {
    const { shared, clock } = newCheck(() => Promise.resolve(UP));
    expect(await shared.run()).toEqual(UP);
    await clock.advance(0);
    expect(clock.pending).toBe(0);
  });

  it('takes what can be awaited as well', async () => {
    expect(await newCheck(Promise.resolve(UP)).shared.run()).toEqual(UP);
  });

  it('runs once for all who ask meanwhile, and anew afterwards', async () => {
    let runs = 0;
    const { shared } = newCheck(() => {
      runs++;
      return Promise.resolve(UP);
    });
    await Promise.all(Array.from({ length: 50 }, () => shared.run()));
    expect(runs).toBe(1);
    await shared.run();
    expect(runs).toBe(2);
  });

  it('says down at the deadline for a check that hangs, and starts no second one', async () => {
    let runs = 0;
    let end = (_: unknown): void => {};
    const hanging = (): Promise<unknown> => {
      runs++;
      return new Promise((resolve) => (end = resolve));
    };
    const { shared, clock } = newCheck(hanging);
    const first = shared.run();
    await clock.advance(200);
    const down = { hanging: { status: 'down', message: 'did not answer within 200 ms' } };
    expect(await first).toEqual(down);
    expect(await shared.run()).toEqual(down);
    expect(runs).toBe(1);
    end(UP);
    await clock.advance(0);
    void shared.run();
    expect(runs).toBe(2);
  });

  describe('that hangs', () => {
    let ends: ((result: unknown) => void)[];
    let rig: ReturnType<typeof newCheck>;
    let wellFrom: number;

    beforeEach(() => {
      ends = [];
      wellFrom = Infinity;
      rig = newCheck(() => {
        if (ends.length >= wellFrom) return Promise.resolve(UP);
        return new Promise((resolve) => ends.push(resolve));
      }, 'database');
    });

    const ask = async (): Promise<string> => {
      const answer = rig.shared.run();
      await rig.clock.advance(200);
      return (await answer).database!.status;
    };

    it('is tried again after ten deadlines, and is up when it answers then', async () => {
      wellFrom = 1;
      expect(await ask()).toBe('down');
      await rig.clock.advance(1700);
      expect(await ask()).toBe('down');
      expect(await ask()).toBe('up');
    });

    it('is tried seldom while every run of it hangs', async () => {
      for (let second = 0; second < 60; second++) {
        expect(await ask()).toBe('down');
        await rig.clock.advance(800);
      }
      expect(ends).toHaveLength(6);
      wellFrom = ends.length;
      await rig.clock.advance(20_000);
      expect(await ask()).toBe('up');
    });

    it('says nothing more when it ends after it was given up', async () => {
      await ask();
      await rig.clock.advance(2000);
      await ask();
      ends[0]!(UP);
      expect(await ask()).toBe('down');
      ends[1]!(UP);
      await rig.clock.advance(0);
      void rig.shared.run();
      expect(ends).toHaveLength(3);
    });
  });

  it.each<[string, AnyCheck, string]>([
    ['throws', () => fail(new TypeError('redis://:hunter2@host')), 'failed with TypeError'],
    [
      'rejects with a code',
      () => Promise.reject(Object.assign(new Error('hunter2'), { code: 'ECONNREFUSED' })),
      'failed with ECONNREFUSED',
    ],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- somebody's check may
    ['rejects with a text', () => Promise.reject('hunter2'), 'failed with no error'],
    ['answers nothing', () => undefined, 'answered what is no result of a health check'],
    ['answers an empty object', () => ({}), 'answered what is no result of a health check'],
    ['answers a word', () => ({ a: 'up' }), 'answered what is no result of a health check'],
  ])('says down for a check that %s, without a word of its message', async (_, check, message) => {
    const result = await newCheck(check, 'mine').shared.run();
    expect(result).toEqual({ mine: { status: 'down', message } });
  });

  it('reads the result inside the error of an indicator of the old kind', async () => {
    const causes = { disk: { status: 'down', free: 0 } };
    const check = (): Promise<never> =>
      Promise.reject(Object.assign(new Error('Health Check Error'), { causes }));
    expect(await newCheck(check).shared.run()).toEqual(causes);
  });

  it('calls a check that says nothing as it called itself before', async () => {
    const answers: unknown[] = [UP, undefined];
    const { shared } = newCheck(() => answers.shift());
    await shared.run();
    expect(Object.keys(await shared.run())).toEqual(['database']);
  });
});

describe('planChecks', () => {
  const options = { deadlineMs: 200, clock: new ManualClock() };

  it('takes functions, attempts and descriptions', () => {
    const given = [() => UP, Promise.resolve(UP), { check: () => UP, key: 'k', readiness: true }];
    expect(planChecks(given, options).map((one) => one.isForReadiness)).toEqual([
      false,
      false,
      true,
    ]);
  });

  it.each([
    [null, 'health.checks = null'],
    [[7], 'health.checks[0] = 7'],
    [[() => UP, {}], 'health.checks[1]'],
    [[{ check: () => UP, key: '' }], 'health.checks[0]'],
    [[{ check: () => UP, readiness: 'yes' }], 'health.checks[0]'],
    [[{ check: 'no' }], 'health.checks[0]'],
  ])('refuses %j by its place', (given, message) => {
    expect(() => planChecks(given, options)).toThrow(message);
  });
});

function fail(error: Error): never {
  throw error;
}
