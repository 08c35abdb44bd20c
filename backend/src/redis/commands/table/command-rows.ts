/** Whether Redis flags a command as reading or as writing, or neither. */
export type CommandFlag = 'read' | 'write' | 'other';

/** What Redis itself says about one command. */
export interface CommandRow {
  readonly flag: CommandFlag;
  /** Whether it takes about the same short time with any data. */
  readonly isFast: boolean;
  /** Whether it may wait in the server until something happens. */
  readonly isBlocking: boolean;
  /** Where its keys are, see {@link keysOf}. */
  readonly keys: string;
}

/**
 * Reads rows that are written as short text, because there are several hundred of them: names between
 * spaces, each followed by `+` if it is fast, `*` if it may wait, and `=` with the rule for its keys,
 * unless that is the usual one: one key, the first argument, for what reads or writes, and none for others.
 */
export function readRows(flag: CommandFlag, text: string): [name: string, row: CommandRow][] {
  const usual = flag === 'other' ? '' : '1';
  return text.split(' ').map((word) => {
    const [, name = '', marks = '', keys = usual] = /^([^+*=]+)([+*]*)(?:=(.*))?$/.exec(word) ?? [];
    return [name, { flag, isFast: marks.includes('+'), isBlocking: marks.includes('*'), keys }];
  });
}
