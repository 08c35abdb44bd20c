// The verdict on the screen.

const figure = (value) => (value === null ? '–' : String(value));

/** Prints every bound with what was measured, and where the report is. */
export function printVerdict({ kind, passed, problem, note, verdict }, files) {
  const width = Math.max(...verdict.map(({ what }) => what.length));
  const line = ({ what, unit, limit, value, holds, bare }) =>
    `  ${holds ? 'holds ' : 'BROKEN'}  ${what.padEnd(width)}  ${figure(value)} ${unit}`.padEnd(
      width + 26,
    ) +
    `bound ${limit}`.padEnd(18) +
    (bare === null ? '' : `bare ${figure(bare)} ${unit}`);
  console.log(`\nDrill "${kind}": ${passed ? 'every bound holds' : 'NOT PASSED'}\n`);
  for (const bound of verdict) console.log(line(bound));
  for (const text of [problem, note]) if (text !== null) console.log(`\n  ${text}`);
  console.log('');
  for (const file of files) console.log(`  ${file}`);
}
