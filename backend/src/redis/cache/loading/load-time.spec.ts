import { LoadTime } from './load-time.js';

const OVER = new TypeError('over');
const never = new Promise<never>(() => undefined);

describe('the time of a load', () => {
  it('lets work end that ends before it is over', async () => {
    const time = new LoadTime();
    expect(await time.within(Promise.resolve('done'))).toBe('done');
    await expect(time.within(Promise.reject(new TypeError('failed')))).rejects.toThrow('failed');
    expect(time.signal.aborted).toBe(false);
  });

  it('ends all that waits within it, and what is begun after it, with its reason', async () => {
    const time = new LoadTime();
    const waiting = [time.within(never), time.within(never)];
    time.end(OVER);
    for (const wait of [...waiting, time.within(Promise.resolve('too late'))]) {
      await expect(wait).rejects.toBe(OVER);
    }
    expect(time.signal.reason).toBe(OVER);
  });

  it('fails nowhere when nobody waits, and hears of no failure that comes later', async () => {
    const failures: unknown[] = [];
    const hear = (error: unknown): void => void failures.push(error);
    process.on('unhandledRejection', hear);
    const time = new LoadTime();
    let fail = (_error: Error): void => undefined;
    const late = time.within(
      new Promise<never>((_, reject) => {
        fail = reject;
      }),
    );
    time.end(OVER);
    await expect(late).rejects.toBe(OVER);
    fail(new TypeError('late'));
    new LoadTime().end(OVER);
    await new Promise((resume) => setImmediate(resume));
    process.off('unhandledRejection', hear);
    expect(failures).toEqual([]);
  });
});
