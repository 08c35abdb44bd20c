import { group, option, OptionSet, required, text, type RowsOf } from '../base/options/index.js';

/** Where the token of a request is. */
export interface TokenSourceOptions {
  /**
   * The header. `authorization` is read as `Bearer <token>`, any other as the token alone.
   * @defaultValue 'authorization'
   */
  readonly header?: string;
  /** The cookie that is read when the header has no token. @defaultValue none: cookies are not read */
  readonly cookie?: { readonly name: string };
}

// What RFC 9110 allows in names of headers, and RFC 6265 in those of cookies.
const name = text(
  'a name that a header or a cookie can have',
  /^[\w!#$%&'*+.^`|~-]{1,128}$/,
  "For example 'sid', or '__Host-sid'",
);
const COOKIE = new OptionSet(
  { name: required(name) },
  { path: 'sessions.cookie', example: "{ name: 'sid' }" },
);

/** The rows of the options, for what is registered together with them. */
export const TOKEN_ROWS = {
  header: option(name, 'authorization'),
  cookie: option(group(COOKIE), null),
} satisfies RowsOf<TokenSourceOptions>;
const TOKEN_SOURCE = new OptionSet(TOKEN_ROWS, { path: 'sessions' });

/** The headers of a request, as Node gives them: names in lower case. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

const BEARER = /^bearer +(\S+) *$/i;

/** Takes the token out of requests. */
export class TokenSource {
  readonly #header: string;
  readonly #cookie: string | null;

  /** @throws ConfigInvalidError (`CONFIG_INVALID`) for a name that no header or cookie can have. */
  constructor(options: TokenSourceOptions = {}) {
    const { header, cookie } = TOKEN_SOURCE.resolve(options);
    this.#header = header.toLowerCase();
    this.#cookie = cookie?.name ?? null;
  }

  /** Returns the token of the request, unchecked; `null` when there is none. */
  tokenOf(headers: RequestHeaders): string | null {
    const value = headers[this.#header];
    const text = (typeof value === 'string' ? value : value?.[0]) ?? '';
    const token = this.#header === 'authorization' ? BEARER.exec(text)?.[1] : text.trim();
    if (token !== undefined && token !== '') return token;
    const cookies = headers['cookie'];
    if (this.#cookie === null || typeof cookies !== 'string') return null;
    return cookieNamed(this.#cookie, cookies);
  }
}

/**
 * Returns the first cookie of that name in a header; `null` when there is none. It searches from separator to
 * separator and builds no object, so that nothing a client sends can be more than text.
 */
export function cookieNamed(name: string, header: string): string | null {
  for (let at = 0; at < header.length;) {
    const border = header.indexOf(';', at);
    const end = border === -1 ? header.length : border;
    const pair = header.slice(at, end);
    const equals = pair.indexOf('=');
    if (equals !== -1 && pair.slice(0, equals).trim() === name) {
      return unquoted(pair.slice(equals + 1).trim());
    }
    at = end + 1;
  }
  return null;
}

function unquoted(value: string): string {
  const isQuoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
  return isQuoted ? value.slice(1, -1) : value;
}
