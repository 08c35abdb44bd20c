/** Runs after the input that has already arrived: before it, a process that was busy would blame the other side. */
export function afterInput(run: () => void): void {
  setImmediate(run);
}
