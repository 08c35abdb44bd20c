import { hashPassword, isPassword, wasteTheSameTime } from './passwords.js';

describe('passwords', () => {
  it('knows the right one from a wrong one', async () => {
    const hash = await hashPassword('right');
    await expect(isPassword('right', hash)).resolves.toBe(true);
    await expect(isPassword('wrong', hash)).resolves.toBe(false);
  });

  it('hashes the same password differently each time', async () => {
    expect(await hashPassword('same')).not.toBe(await hashPassword('same'));
  });

  it.each(['', 'plain', 'scrypt$16384$8$1$c2FsdA$', 'scrypt$16384$8$1$c2FsdA$c2hvcnQ'])(
    'fits nobody to the damaged hash %j',
    async (hash) => {
      await expect(isPassword('', hash)).resolves.toBe(false);
    },
  );

  it('is never the password of nobody', async () => {
    await expect(wasteTheSameTime('')).resolves.toBe(false);
  });
});
