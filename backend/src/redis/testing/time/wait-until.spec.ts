import { waitUntil } from './wait-until.js';

describe('waitUntil', () => {
  it('resolves with the first answer that is truthy', async () => {
    const answers = [null, false, 0, 'here'];
    const look = (): unknown => answers.shift();
    await expect(waitUntil(look, { what: 'it is here', everyMs: 1 })).resolves.toBe('here');
  });

  it('treats an error as "not yet"', async () => {
    let looks = 0;
    const look = (): boolean => {
      looks += 1;
      if (looks < 3) throw new Error('not yet');
      return true;
    };
    await expect(waitUntil(look, { what: 'it works', everyMs: 1 })).resolves.toBe(true);
  });

  it('says what it waited for, what is missing and why the last look failed', async () => {
    const look = (): boolean => {
      throw new Error('boom');
    };
    const waiting = waitUntil(look, {
      what: 'the sky is green',
      timeoutMs: 5,
      everyMs: 1,
      explain: () => ['  - paint'],
    });
    await expect(waiting).rejects.toThrow(
      'Waited 5 ms in vain: the sky is green.\nThe last look failed: boom\n  - paint',
    );
  });
});
