import { context, trace, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from './otlp-receiver.js';

/** The SDK as an application starts it, with a receiver in the place of a collector. */
export interface TracingRig {
  readonly tracer: Tracer;
  readonly provider: BasicTracerProvider;
  readonly receiver: OtlpReceiver;
  /** Has everything sent, and returns all spans up to now. */
  arrived(): Promise<readonly ReceivedSpan[]>;
  /** Runs work inside of a span, and returns the trace of that. */
  inSpan(name: string, work: () => Promise<unknown>): Promise<string>;
  stop(): Promise<void>;
}

/** Starts it. @param ratio - the share of traces that are sampled */
export async function startTracingRig(ratio = 1): Promise<TracingRig> {
  const receiver = await startOtlpReceiver();
  const exporter = new OTLPTraceExporter({ url: `${receiver.url}/v1/traces` });
  const processor = new BatchSpanProcessor(exporter, {
    maxQueueSize: 200_000,
    maxExportBatchSize: 2_000,
    scheduledDelayMillis: 100,
  });
  const provider = new BasicTracerProvider({
    spanProcessors: [processor],
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  const tracer = provider.getTracer('application');
  return {
    tracer,
    provider,
    receiver,
    arrived: async () => {
      await provider.forceFlush();
      return receiver.spans;
    },
    inSpan: (name, work) =>
      tracer.startActiveSpan(name, async (span) => {
        try {
          await work();
          return span.spanContext().traceId;
        } finally {
          span.end();
        }
      }),
    stop: async () => {
      await provider.shutdown();
      receiver.close();
      trace.disable();
      context.disable();
    },
  };
}
