// @ts-check
// How a check script reports: every problem on a line of its own, then the verdict as the exit code.

/**
 * Prints the problems found by a check and sets the exit code.
 * @param {string} name
 * @param {readonly string[]} problems
 * @param {string} checked what was looked at
 */
export function report(name, problems, checked) {
  for (const problem of problems) console.error(`${name}: ${problem}`);
  console.log(
    `${name}: ${checked}, ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
}
