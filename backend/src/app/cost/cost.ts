/** What a month costs, in dollars. */
export interface Prices {
  readonly gigabyteMonth: number;
  readonly coreMonth: number;
}

/** What a process uses. */
export interface Usage {
  readonly memoryBytes: number;
  /** Processor time a second, in seconds: 0.5 is half a core. */
  readonly cores: number;
}

const DAYS_A_MONTH = 30;
const BYTES_A_GIGABYTE = 1e9;

/** What that costs a day, in dollars. Prometheus reckons the same way for all services, by `prices.yml`. */
export function dollarsADay(
  { memoryBytes, cores }: Usage,
  { gigabyteMonth, coreMonth }: Prices,
): number {
  const month = (memoryBytes / BYTES_A_GIGABYTE) * gigabyteMonth + cores * coreMonth;
  return month / DAYS_A_MONTH;
}
