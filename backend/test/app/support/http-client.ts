/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the test knows its type
  readonly body: any;
}

/** What goes along with a request. */
export interface Extras {
  readonly token?: string;
  readonly json?: unknown;
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks one application over HTTP. */
export class HttpClient {
  constructor(readonly url: string) {}

  readonly get = (path: string, extras?: Extras): Promise<Answer> => this.send('GET', path, extras);
  readonly post = (path: string, extras?: Extras): Promise<Answer> =>
    this.send('POST', path, extras);
  readonly put = (path: string, extras?: Extras): Promise<Answer> => this.send('PUT', path, extras);
  readonly delete = (path: string, extras?: Extras): Promise<Answer> =>
    this.send('DELETE', path, extras);

  /** Sends anything. */
  async send(method: string, path: string, extras: Extras = {}): Promise<Answer> {
    const { token, json, raw = json === undefined ? undefined : JSON.stringify(json) } = extras;
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(raw !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...extras.headers,
      },
      ...(raw !== undefined && { body: raw }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    const body: unknown = isJson && text !== '' ? JSON.parse(text) : null;
    return { status: response.status, headers: response.headers, text, body };
  }

  /** Logs a demonstration user in. Returns the token. */
  async login(user = 1, password = 'demo-password'): Promise<string> {
    const json = { email: `user${user}@example.com`, password };
    const { status, body, text } = await this.post('/api/auth/login', { json });
    if (status !== 200) throw new Error(`The login failed: ${status} ${text}`);
    return body.token as string;
  }
}
