import { readDuration } from './durations.js';

function remedyFor(text: string, minMs: number, maxMs: number): string {
  try {
    readDuration('--hold', text, { minMs, maxMs });
    return 'none';
  } catch (error) {
    return (error as { remedy: string }).remedy;
  }
}

describe('a time that is typed', () => {
  it.each([
    [100, 600_000, 'Write it as 500ms, 30s or 5m'],
    [10_000, 300_000, 'Write it as 30s or 5m'],
    [1, 86_400_000, 'Write it as 500ms, 30s, 5m, 2h or 1d'],
    [1_000, 2_000, 'Write it as 1s'],
  ])('from %d to %d ms is refused with examples that are taken', (minMs, maxMs, remedy) => {
    expect(remedyFor('forever', minMs, maxMs)).toBe(remedy);
    const examples = remedy.slice('Write it as '.length).split(/, | or /);
    expect(examples.map((example) => remedyFor(example, minMs, maxMs))).toEqual(
      examples.map(() => 'none'),
    );
  });
});
