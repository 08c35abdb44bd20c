interface Checks {
  readonly passed: number;
  readonly failed: number;
  readonly figures: readonly string[];
  begin: (label: string) => void;
  say: (text: string) => void;
  check: (
    name: string,
    body: (note: (text: string) => void) => Promise<unknown>,
    options?: { isVital?: boolean },
  ) => Promise<void>;
  beside: (body: (checks: Checks) => Promise<unknown>) => Promise<void>;
  tellUntold: () => void;
}

const { Runner } = jest.requireActual<{
  Runner: new (tell: (text: string) => void) => Checks;
}>('../compose/support/runner.mjs');

/** Something that happens when the test says so. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

const names = (told: readonly string[]): string[] =>
  told.map((text) => text.replace(/ +\d+\.\d s {2}/g, ' '));

describe('checks that run beside others', () => {
  let told: string[];
  let runner: Checks;

  beforeEach(() => {
    told = [];
    runner = new Runner((text) => void told.push(text));
  });

  it('are told in one piece, those that end first at first, and count', async () => {
    const slow = gate();
    const first = runner.beside(async (beside) => {
      beside.begin('slow');
      await beside.check('waits', async (note) => {
        await slow.opened;
        note('3 of 3');
      });
    });
    await runner.beside(async (beside) => {
      beside.begin('quick');
      await beside.check('is there', () => Promise.resolve());
      beside.say('   a line');
    });
    slow.open();
    await first;
    expect(names(told)).toEqual([
      '\n== quick ==\n   ok is there\n   a line',
      '\n== slow ==\n   ok waits: 3 of 3',
    ]);
    expect(runner).toMatchObject({ passed: 2, failed: 0, figures: ['slow: waits: 3 of 3'] });
  });

  it('are not asked further when theirs is broken, and do not break those of others', async () => {
    const broken = async (beside: Checks): Promise<void> => {
      await beside.check('stands', () => Promise.reject(new Error('no')), { isVital: true });
      await beside.check('is used', () => Promise.resolve());
    };
    const whole = (beside: Checks): Promise<void> => beside.check('other', () => Promise.resolve());
    await Promise.all([runner.beside(broken), runner.beside(whole)]);
    expect(runner).toMatchObject({ passed: 1, failed: 2 });
    expect(told.join('\n')).toContain('not run: the cluster did not stand before it');
  });

  it('are told as far as they have come when the run is cut short', async () => {
    const never = gate();
    void runner.beside(async (beside) => {
      beside.begin('cut short');
      beside.say('   so far');
      await never.opened;
    });
    await Promise.resolve();
    runner.tellUntold();
    runner.tellUntold();
    expect(told).toEqual(['\n== cut short ==\n   so far']);
  });
});
