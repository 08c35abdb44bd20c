import { subscribe, unsubscribe, type ChannelListener } from 'node:diagnostics_channel';
import {
  context,
  diag,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Span,
  type SpanOptions,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import {
  CacheOperation,
  CommandOperation,
  SAMPLED_CHANNEL,
  sampleBy,
  type CommandStep,
  type Operation,
  type SessionOperation,
} from '../base/operations/index.js';
import {
  cacheAttributes,
  commandAttributes,
  endAttributes,
  failureAttributes,
  isAnswer,
  outcomeAttributes,
  stepAttributes,
} from './attributes.js';
import type { ResolvedTracingOptions } from './tracing-options.js';

const NAME = 'nestjs-redis-ha';
const CHANNELS = ['command', 'cache', 'session'];
const EVENT_OF_STEP = { waiting: 'waiting for a node', sent: 'sent', again: 'to be sent again' };

type Shown = CommandOperation | CacheOperation | SessionOperation;
type Listener = readonly [name: string, listener: ChannelListener];

/** Makes a span of each operation that belongs to a span which is sampled, or to none. */
export class RedisTracer {
  readonly #options: ResolvedTracingOptions;
  readonly #spans = new WeakMap<Operation, Span>();
  readonly #listeners: readonly Listener[];
  readonly #endListeners: readonly Listener[];
  #known: { readonly provider: TracerProvider; readonly tracer: Tracer } | null = null;
  #open = 0;
  #isStopped = false;

  constructor(options: ResolvedTracingOptions) {
    this.#options = options;
    this.#listeners = [
      [SAMPLED_CHANNEL, toListener(this.#begin)],
      [`${NAME}:command:step`, toListener(this.#note)],
    ];
    this.#endListeners = CHANNELS.map(
      (kind) => [`tracing:${NAME}:${kind}:asyncEnd`, toListener(this.#end)] as const,
    );
  }

  /** Traces from now on. */
  start(): void {
    for (const [name, listener] of this.#endListeners) subscribe(name, listener);
    for (const [name, listener] of this.#listeners) subscribe(name, listener);
    sampleBy(this.#wants);
  }

  /** Begins no further span. Those that are open end with their operations. */
  stop(): void {
    sampleBy(null);
    for (const [name, listener] of this.#listeners) unsubscribe(name, listener);
    this.#isStopped = true;
    this.#endIfIdle();
  }

  #endIfIdle(): void {
    if (!this.#isStopped || this.#open > 0) return;
    for (const [name, listener] of this.#endListeners) unsubscribe(name, listener);
  }

  readonly #begin = (operation: Shown): void => {
    const isOfKeyspace = operation instanceof CommandOperation && operation.isOfKeyspace;
    // Another subscriber may have wanted it.
    if (!this.#wants(isOfKeyspace)) return;
    const around = context.active();
    const span = this.#tracer.startSpan(...this.#opening(operation), around);
    this.#spans.set(operation, span);
    this.#open++;
    // What a cache or a session asks of Redis, and what a loader does, is a part of the call. A command has no parts.
    if (operation instanceof CommandOperation) return;
    const inside = trace.setSpan(around, span);
    operation.surroundWith((work) => context.with(inside, work));
  };

  readonly #note = (step: CommandStep): void => {
    const span = this.#spans.get(step.operation);
    if (span?.isRecording() !== true || isUsual(step)) return;
    span.addEvent(EVENT_OF_STEP[step.step], stepAttributes(step));
  };

  readonly #end = (operation: Shown): void => {
    const span = this.#spans.get(operation);
    if (span === undefined) return;
    this.#spans.delete(operation);
    this.#open--;
    try {
      if (span.isRecording()) this.#describeEnd(operation, span);
    } finally {
      span.end();
      this.#endIfIdle();
    }
  };

  #describeEnd(operation: Shown, span: Span): void {
    const { error } = operation;
    if (operation instanceof CommandOperation) span.setAttributes(endAttributes(operation));
    else span.setAttributes(outcomeAttributes(operation));
    if (error === undefined || isAnswer(error)) return;
    span.setAttributes(failureAttributes(error));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }

  // Under a span that is not sampled nothing is: so it need not be made.
  readonly #wants = (isOfKeyspace: boolean): boolean => {
    try {
      return this.#isSampled(isOfKeyspace);
    } catch (error) {
      complain(error);
      return false;
    }
  };

  #isSampled(isOfKeyspace: boolean): boolean {
    const parent = trace.getActiveSpan();
    if (parent === undefined) return !isOfKeyspace && !this.#options.requireParentSpan;
    const isSampled = (parent.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
    return isSampled || parent.isRecording();
  }

  #opening(operation: Shown): [name: string, options: SpanOptions] {
    if (operation instanceof CommandOperation) {
      const attributes = commandAttributes(operation, this.#options.queryText);
      return [operation.name, { kind: SpanKind.CLIENT, attributes }];
    }
    const isOfCache = operation instanceof CacheOperation;
    const attributes = isOfCache ? cacheAttributes(operation) : {};
    const name = `${isOfCache ? 'cache' : 'session'}.${operation.name}`;
    return [name, { kind: SpanKind.INTERNAL, attributes }];
  }

  // Asked for anew only of another provider: an SDK looks it up by name, which took half of the time of this class.
  get #tracer(): Tracer {
    const provider = this.#options.tracerProvider ?? globalProvider();
    if (this.#known?.provider !== provider) {
      this.#known = { provider, tracer: provider.getTracer(NAME) };
    }
    return this.#known.tracer;
  }
}

// The one behind the proxy that the API hands out, which stays the same when another SDK is set.
function globalProvider(): TracerProvider {
  const provider: TracerProvider & { getDelegate?(): TracerProvider } = trace.getTracerProvider();
  return provider.getDelegate?.() ?? provider;
}

// Nearly every command is sent once, to the node that the span names in the end.
function isUsual({ step, operation }: CommandStep): boolean {
  return step === 'sent' && (operation.sent === 1 || operation.batchSize !== null);
}

// A channel has messages of one type only. What a listener throws would end the process, and a sampler or a processor
// of the application may throw anything: a call goes on without a span.
function toListener(listener: (message: never) => void): ChannelListener {
  return (message) => {
    try {
      listener(message as never);
    } catch (error) {
      complain(error);
    }
  };
}

// To the logger of OpenTelemetry. Not in the words of the error, which may be about the call.
function complain(error: unknown): void {
  diag.error(`${NAME}: a call is not traced: ${failureAttributes(error)['error.type']}`);
}
