/** A reply of a {@link FakeRedisServer}. Make one with {@link reply}. */
export type FakeReply =
  | { readonly kind: 'line'; readonly sign: '+' | '-' | ':'; readonly text: string }
  | { readonly kind: 'bulk'; readonly text: string | null }
  | { readonly kind: 'array' | 'push'; readonly items: readonly FakeReply[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, FakeReply])[] }
  | { readonly kind: 'raw'; readonly bytes: string | Buffer; readonly thenClose: boolean }
  | { readonly kind: 'silence' };

/** Creates the replies of a {@link FakeRedisServer}: valid ones, malformed ones, and none. */
export const reply = {
  /** `+OK` and the like. */
  simple: (text: string): FakeReply => ({ kind: 'line', sign: '+', text }),
  /** `-ERR …`: an error as Redis sends it, with its code in front. */
  error: (text: string): FakeReply => ({ kind: 'line', sign: '-', text }),
  /** A string. */
  bulk: (text: string): FakeReply => ({ kind: 'bulk', text }),
  /** A null reply. */
  nil: (): FakeReply => ({ kind: 'bulk', text: null }),
  /** A whole number. */
  int: (value: number): FakeReply => ({ kind: 'line', sign: ':', text: String(value) }),
  /** A list. Strings in it become bulk strings. */
  array: (...items: (FakeReply | string)[]): FakeReply => ({
    kind: 'array',
    items: items.map(asReply),
  }),
  /** Fields and values: a map in RESP3, a flat list in RESP2. Strings become bulk strings. */
  map: (entries: Readonly<Record<string, FakeReply | string>>): FakeReply => ({
    kind: 'map',
    entries: Object.entries(entries).map(([field, value]) => [field, asReply(value)]),
  }),
  /** A message without a command: a push in RESP3, a list in RESP2. Strings become bulk strings. */
  push: (...items: (FakeReply | string)[]): FakeReply => ({
    kind: 'push',
    items: items.map(asReply),
  }),
  /** Exactly these bytes, also if they are no valid reply. */
  raw: (bytes: string | Buffer): FakeReply => ({ kind: 'raw', bytes, thenClose: false }),
  /** These bytes, for example half a reply, and then the end of the connection. */
  rawThenClose: (bytes: string | Buffer): FakeReply => ({ kind: 'raw', bytes, thenClose: true }),
  /** No reply at all. */
  silence: (): FakeReply => ({ kind: 'silence' }),
} as const;

/** Returns the bytes of a reply. */
export function encodeReply(answer: FakeReply, protocol: 2 | 3): Buffer {
  if (answer.kind === 'raw') return Buffer.from(answer.bytes);
  return Buffer.from(encodeText(answer, protocol));
}

function encodeText(answer: FakeReply, protocol: 2 | 3): string {
  switch (answer.kind) {
    case 'line':
      return `${answer.sign}${answer.text}\r\n`;
    case 'bulk':
      return encodeBulk(answer.text, protocol);
    case 'array':
      return encodeList('*', answer.items, protocol);
    case 'push':
      return encodeList(protocol === 3 ? '>' : '*', answer.items, protocol);
    case 'map':
      return encodeMap(answer.entries, protocol);
    case 'raw':
      return answer.bytes.toString();
    case 'silence':
      return '';
  }
}

function encodeBulk(text: string | null, protocol: 2 | 3): string {
  if (text === null) return protocol === 3 ? '_\r\n' : '$-1\r\n';
  return `$${String(Buffer.byteLength(text))}\r\n${text}\r\n`;
}

function encodeList(sign: string, items: readonly FakeReply[], protocol: 2 | 3): string {
  const parts = items.map((item) => encodeText(item, protocol));
  return `${sign}${String(items.length)}\r\n${parts.join('')}`;
}

function encodeMap(entries: readonly (readonly [string, FakeReply])[], protocol: 2 | 3): string {
  const parts = entries.map(
    ([field, value]) => encodeBulk(field, protocol) + encodeText(value, protocol),
  );
  const count = protocol === 3 ? entries.length : entries.length * 2;
  return `${protocol === 3 ? '%' : '*'}${String(count)}\r\n${parts.join('')}`;
}

function asReply(item: FakeReply | string): FakeReply {
  return typeof item === 'string' ? { kind: 'bulk', text: item } : item;
}
