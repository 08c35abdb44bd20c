import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What arrived, and when on the clock of this process. */
export interface Arrival {
  readonly by: 'pagerduty' | 'slack' | 'watchdog';
  readonly isOver: boolean;
  readonly title: string;
  readonly text: string;
  readonly link: string;
  readonly at: number;
}

type Json = Readonly<Record<string, unknown>>;

const SEVERITIES = ['critical', 'error', 'warning', 'info'];

/**
 * Stands where PagerDuty (Events API v2), Slack and a watchdog service are. Refuses what they would refuse, and keeps
 * what it refused in `problems`.
 */
export class AlertReceiver {
  readonly arrivals: Arrival[] = [];
  readonly problems: string[] = [];
  readonly #server: Server;
  readonly #key: string;

  private constructor(key: string) {
    this.#key = key;
    this.#server = createServer((request, response) => {
      void this.#take(request, response);
    });
  }

  /** Starts one that knows this integration key of PagerDuty. */
  static async start(key: string): Promise<AlertReceiver> {
    const receiver = new AlertReceiver(key);
    await new Promise<void>((listening) => {
      receiver.#server.listen(0, '127.0.0.1', listening);
    });
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  /** The first that fits, if it has arrived. */
  find(by: Arrival['by'], title: RegExp, isOver = false): Arrival | undefined {
    return this.arrivals.find(
      (arrival) => arrival.by === by && arrival.isOver === isOver && title.test(arrival.title),
    );
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const at = performance.now();
    try {
      const body = JSON.parse(Buffer.concat(pieces).toString()) as Json;
      const [status, answer, arrival] = this.#read(request.url ?? '', body);
      this.arrivals.push({ ...arrival, at });
      response.writeHead(status).end(answer);
    } catch (error) {
      this.problems.push(String(error));
      response.writeHead(400).end(String(error));
    }
  }

  #read(path: string, body: Json): [number, string, Omit<Arrival, 'at'>] {
    if (path === '/v2/enqueue') return [202, '{"status":"success"}', pagerDuty(body, this.#key)];
    if (path === '/slack') return [200, 'ok', slack(body)];
    return [200, '', { by: 'watchdog', isOver: false, title: '', text: '', link: '' }];
  }
}

function pagerDuty(body: Json, key: string): Omit<Arrival, 'at'> {
  const action = oneOf(body, 'event_action', ['trigger', 'resolve']);
  if (textOf(body, 'routing_key') !== key) throw new Error('routing_key: not ours');
  if (textOf(body, 'dedup_key').length > 255) throw new Error('dedup_key: too long');
  const payload = objectOf(body, 'payload');
  const title = textOf(payload, 'summary');
  if (title.length > 1024) throw new Error('summary: too long');
  textOf(payload, 'source');
  oneOf(payload, 'severity', SEVERITIES);
  const details = objectOf(payload, 'custom_details');
  const [link] = listOf(body, 'links');
  return {
    by: 'pagerduty',
    isOver: action === 'resolve',
    title,
    text: textOf(details, 'what'),
    link: addressOf(link ?? {}, 'href'),
  };
}

function slack(body: Json): Omit<Arrival, 'at'> {
  textOf(body, 'channel');
  const [attachment = {}] = listOf(body, 'attachments');
  textOf(attachment, 'fallback');
  const color = oneOf(attachment, 'color', ['good', 'warning', 'danger']);
  for (const action of listOf(attachment, 'actions')) addressOf(action, 'url');
  return {
    by: 'slack',
    isOver: color === 'good',
    title: textOf(attachment, 'title'),
    text: textOf(attachment, 'text'),
    link: addressOf(attachment, 'title_link'),
  };
}

function textOf(of: Json, name: string): string {
  const value = of[name];
  if (typeof value !== 'string' || value === '') throw new Error(`${name}: no text`);
  if (value.includes('<no value>')) throw new Error(`${name}: a template found nothing`);
  return value;
}

function addressOf(of: Json, name: string): string {
  const value = textOf(of, name);
  if (!URL.canParse(value)) throw new Error(`${name}: no address`);
  return value;
}

function oneOf(of: Json, name: string, values: readonly string[]): string {
  const value = textOf(of, name);
  if (!values.includes(value)) throw new Error(`${name}: ${value}`);
  return value;
}

function objectOf(of: Json, name: string): Json {
  const value = of[name];
  if (typeof value !== 'object' || value === null) throw new Error(`${name}: no object`);
  return value as Json;
}

function listOf(of: Json, name: string): readonly Json[] {
  const value = of[name];
  if (!Array.isArray(value) || value.length === 0) throw new Error(`${name}: no list`);
  return value as Json[];
}
