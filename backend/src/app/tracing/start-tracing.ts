import { context, propagation, trace } from '@opentelemetry/api';
import { AppConfigError } from '../app-config.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Sends what is left, and ends. */
export type StopTracing = () => Promise<void>;

const EXPORTERS = ['otlp', 'none'] as const;

/**
 * Starts the SDK of OpenTelemetry if its standard variables ask for it: an endpoint, or `OTEL_TRACES_EXPORTER=otlp`.
 * Its packages are optional, so they are loaded only then. Returns `null` when nothing is traced.
 */
export async function startTracing(env: Environment): Promise<StopTracing | null> {
  if (!isWanted(env)) return null;
  const { BasicTracerProvider, BatchSpanProcessor } = await load(
    () => import('@opentelemetry/sdk-trace-base'),
  );
  const { OTLPTraceExporter } = await load(
    () => import('@opentelemetry/exporter-trace-otlp-http'),
  );
  const { AsyncLocalStorageContextManager } = await load(
    () => import('@opentelemetry/context-async-hooks'),
  );
  const { W3CTraceContextPropagator } = await load(() => import('@opentelemetry/core'));
  const resources = await load(() => import('@opentelemetry/resources'));
  const { defaultResource, detectResources, envDetector } = resources;
  // The exporter, the processor, the sampler and the detector read their variables themselves.
  const provider = new BasicTracerProvider({
    resource: defaultResource().merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return () => provider.shutdown();
}

function isWanted(env: Environment): boolean {
  if (textOf(env['OTEL_SDK_DISABLED']) === 'true') return false;
  const exporter = textOf(env['OTEL_TRACES_EXPORTER']);
  if (exporter !== '' && !EXPORTERS.some((known) => known === exporter)) {
    throw new AppConfigError(
      `OTEL_TRACES_EXPORTER = "${exporter}": it is one of ${EXPORTERS.join(', ')}`,
    );
  }
  if (exporter !== '') return exporter === 'otlp';
  const endpoints = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  return endpoints.some((name) => textOf(env[name]) !== '');
}

async function load<T>(loading: () => Promise<T>): Promise<T> {
  try {
    return await loading();
  } catch (error) {
    throw new AppConfigError(
      'Tracing is asked for, and a package of OpenTelemetry is missing. Install it with ' +
        '`npm install --include=optional`, or set OTEL_TRACES_EXPORTER=none',
      { cause: error },
    );
  }
}

function textOf(text: string | undefined): string {
  return text?.trim().toLowerCase() ?? '';
}
