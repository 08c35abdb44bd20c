import { context, propagation, trace } from '@opentelemetry/api';
import { AppConfigError } from '../app-config.js';

/** Sends what is left, and ends. */
export type StopTracing = () => Promise<void>;

/**
 * Starts the SDK of OpenTelemetry, which reads its standard variables itself. Its packages are optional, so they are
 * loaded only here. Returns how to end it.
 */
export async function startTracing(): Promise<StopTracing> {
  const { BasicTracerProvider, BatchSpanProcessor } = await load(
    () => import('@opentelemetry/sdk-trace-base'),
  );
  const { OTLPTraceExporter } = await load(() => import('@opentelemetry/exporter-trace-otlp-http'));
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
