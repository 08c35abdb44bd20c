import { sum } from '../../src/cli/measure/statistics.js';

const WITHIN_MS = 900;

/** The answer of `GET /metrics`; without any metric when there is no answer soon. */
export async function askMetrics(port: number): Promise<string> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, {
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    return await answer.text();
  } catch {
    return '';
  }
}

/**
 * The sum of the values of a metric in the Prometheus text format; `null` when it is not there.
 *
 * @param labels - only of the series that have these, such as `result="hit"`
 */
export function sumOfMetric(
  text: string,
  name: string,
  labels: readonly string[] = [],
): number | null {
  const values = text
    .split('\n')
    .filter((line) => line.startsWith(name))
    .filter((line) => '{ '.includes(line.charAt(name.length)))
    .filter((line) => labels.every((label) => line.includes(label)))
    .map((line) => Number(line.split(' ').at(-1)));
  return values.length === 0 ? null : sum(values);
}
