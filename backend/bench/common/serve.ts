import { END, type AnswerMessage, type CallMessage } from './child-messages.js';

/** What a child process can be asked to do. */
export type Methods = Readonly<Record<string, (...args: never[]) => unknown>>;

/** Makes this process answer its parent, and end when the parent does. */
export function serve(methods: Methods): void {
  let isEnding = false;
  process.on('message', (message) => {
    const { id, method, args } = message as CallMessage;
    if (method === END) {
      isEnding = true;
      process.disconnect();
      return;
    }
    void answer(methods, method, args).then((outcome) => {
      if (process.connected) process.send?.({ id, ...outcome });
    });
  });
  // Ctrl-C reaches the parent too, which ends this process in its turn.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => {
    if (!isEnding) process.exit(1);
  });
}

async function answer(
  methods: Methods,
  method: string,
  args: readonly unknown[],
): Promise<Omit<AnswerMessage, 'id'>> {
  try {
    const run = methods[method] as ((...args: readonly unknown[]) => unknown) | undefined;
    if (run === undefined) return { error: `there is no method ${method}` };
    return { value: await run(...args) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
