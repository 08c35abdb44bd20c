/** Milliseconds on the machine's monotonic clock: the same in every process, untouched by clock changes. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
