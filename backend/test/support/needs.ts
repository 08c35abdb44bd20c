/**
 * For tests that need a program which `npm test` could not install: it says so, names it in
 * `TESTS_WITHOUT`, and they are skipped. Whoever runs Jest alone gets a failure with the remedy.
 */
const MISSING = new Set((process.env['TESTS_WITHOUT'] ?? '').split(','));

/** `it`, or `it.skip` where the program is not to be had. */
export function itNeeds(program: 'postgres' | 'prometheus'): jest.It {
  return MISSING.has(program) ? it.skip : it;
}

/** The same for a group of tests. */
export function describeNeeds(program: 'postgres' | 'prometheus'): jest.Describe {
  return MISSING.has(program) ? describe.skip : describe;
}
