// OpenTelemetry sees what the library sends, as in an application that registers it first and then loads the rest.
const assert = require('node:assert/strict');
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { context, trace } = require('@opentelemetry/api');
const {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} = require('@opentelemetry/sdk-trace-base');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { IORedisInstrumentation } = require('@opentelemetry/instrumentation-ioredis');

const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({
  spanProcessors: [new SimpleSpanProcessor(exporter)],
});
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(tracerProvider);
registerInstrumentations({ tracerProvider, instrumentations: [new IORedisInstrumentation()] });

require('reflect-metadata');

async function main() {
  // The way of an ESM application, whose own imports no instrumentation follows.
  const viaImport = process.argv.includes('import');
  const load = (name) => (viaImport ? import(name) : require(name));
  const { RedisModule, RedisService } = await load('nestjs-redis-ha');
  const { startRedisServer } = await load('nestjs-redis-ha/testing');
  const { NestFactory } = await import('@nestjs/core');

  class AppModule {}
  const server = await startRedisServer();
  const app = await NestFactory.createApplicationContext(
    { module: AppModule, imports: [RedisModule.forRoot(server.options())] },
    { logger: ['error'] },
  );
  const redis = app.get(RedisService);
  const tracer = trace.getTracer('application');
  for (const caller of ['first', 'second']) {
    await tracer.startActiveSpan(caller, async (span) => {
      await Promise.all([redis.set(caller, 1), redis.createClient().get(caller)]);
      span.end();
    });
  }
  await app.close();
  await server.stop();

  const spans = exporter.getFinishedSpans();
  for (const caller of ['first', 'second']) {
    const parent = spans.find(({ name }) => name === caller);
    const own = spans.filter(
      ({ parentSpanContext }) => parentSpanContext?.spanId === parent.spanContext().spanId,
    );
    const names = own.map(({ name }) => name).sort();
    assert.ok(
      names.includes('set') && names.includes('get'),
      `under ${caller}: ${names.join(' ')}`,
    );
  }
  await ownSpans(load);
  console.log('CLOSED');
}

/** The library's own spans: one for each command, and none of the driver beside it. */
async function ownSpans(load) {
  const { RedisModule, RedisService } = await load('nestjs-redis-ha');
  const { RedisTracingModule } = await load('nestjs-redis-ha/tracing');
  const { startRedisServer } = await load('nestjs-redis-ha/testing');
  const { NestFactory } = await import('@nestjs/core');
  exporter.reset();
  class TracedModule {}
  const server = await startRedisServer();
  const imports = [RedisTracingModule.forRoot(), RedisModule.forRoot(server.options())];
  const app = await NestFactory.createApplicationContext(
    { module: TracedModule, imports },
    { logger: ['error'] },
  );
  const redis = app.get(RedisService);
  await trace.getTracer('application').startActiveSpan('request', async (span) => {
    await redis.set('k', 1);
    await redis.get('k');
    span.end();
  });
  await app.close();
  await server.stop();
  const spans = exporter.getFinishedSpans();
  const request = spans.find(({ name }) => name === 'request').spanContext().spanId;
  const under = spans.filter(({ parentSpanContext }) => parentSpanContext?.spanId === request);
  const shown = under.map(
    ({ name, instrumentationScope }) => `${instrumentationScope.name} ${name}`,
  );
  assert.deepEqual(shown, ['nestjs-redis-ha set', 'nestjs-redis-ha get']);
}

void main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
