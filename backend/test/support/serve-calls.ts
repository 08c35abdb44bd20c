import { createInterface } from 'node:readline';

/** The functions that a worker offers to the test that started it. */
export type Calls = Readonly<Record<string, (...args: never[]) => unknown>>;

/** Runs calls from standard input until it ends. */
export function serveCalls(calls: Calls): void {
  const answer = (message: object): void => {
    process.stdout.write(`${JSON.stringify(message)}\n`);
  };
  const serve = async (line: string): Promise<void> => {
    const { id, name, args } = JSON.parse(line) as { id: number; name: string; args: never[] };
    try {
      answer({ id, value: await calls[name]?.(...args) });
    } catch (error) {
      answer({ id, error: `${(error as { code?: string }).code ?? ''} ${String(error)}` });
    }
  };
  createInterface({ input: process.stdin }).on('line', (line) => void serve(line));
}
