/** A call from the parent to a child process. */
export interface CallMessage {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** What became of a call. */
export interface AnswerMessage {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** The method after which the child is expected to end by itself. */
export const END = 'end';
