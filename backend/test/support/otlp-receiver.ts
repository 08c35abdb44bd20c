import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** A span as it arrived. */
export interface ReceivedSpan {
  readonly name: string;
  /** 1 is internal, 2 server, 3 client. */
  readonly kind: number;
  readonly trace: string;
  readonly id: string;
  /** Empty for a root. */
  readonly parent: string;
  readonly scope: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly {
    readonly name: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
  readonly isError: boolean;
  readonly statusText: string;
}

/** What collects spans by OTLP over HTTP in JSON. */
export interface OtlpReceiver {
  readonly spans: ReceivedSpan[];
  /** Everything that arrived, as it was sent. */
  readonly bodies: string[];
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  close(): void;
}

interface Pair {
  readonly key: string;
  readonly value?: Readonly<Record<string, unknown>>;
}

interface SentSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes?: readonly Pair[];
  readonly events?: readonly { readonly name: string; readonly attributes?: readonly Pair[] }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

interface Sent {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string };
      readonly spans: readonly SentSpan[];
    }[];
  }[];
}

/** Starts a receiver on a free port. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      if (request.url === '/v1/traces') {
        bodies.push(body);
        spans.push(...spansIn(JSON.parse(body) as Sent));
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { spans, bodies, url: `http://127.0.0.1:${port}`, close: () => closeNow(server) };
}

function closeNow(server: Server): void {
  server.closeAllConnections();
  server.close();
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
}

function spansIn({ resourceSpans }: Sent): ReceivedSpan[] {
  return resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span) => ({
        name: span.name,
        kind: span.kind,
        trace: span.traceId,
        id: span.spanId,
        parent: span.parentSpanId ?? '',
        scope: scope.name,
        attributes: toRecord(span.attributes),
        events: (span.events ?? []).map(({ name, attributes }) => ({
          name,
          attributes: toRecord(attributes),
        })),
        isError: span.status?.code === 2,
        statusText: span.status?.message ?? '',
      })),
    ),
  );
}

function toRecord(pairs: readonly Pair[] = []): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map(({ key, value = {} }) => [
      key,
      'intValue' in value ? Number(value['intValue']) : Object.values(value)[0],
    ]),
  );
}

/** The spans whose parent did not arrive. */
export function orphansAmong(spans: readonly ReceivedSpan[]): ReceivedSpan[] {
  const ids = new Set(spans.map(({ id }) => id));
  return spans.filter(({ parent }) => parent !== '' && !ids.has(parent));
}
