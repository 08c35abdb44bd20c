import { z } from 'zod';
import { ErrorSchema } from '../http/problems.js';
import { OPERATIONS, type Operation } from './operations.js';

type Json = Record<string, unknown>;

const ERRORS: Readonly<Record<number, string>> = {
  400: 'The request does not fit; “problems” names the fields',
  401: 'No valid session, or a failed login',
  404: 'There is no such thing',
  409: 'Another order has this id, or the counter is full',
  413: 'The body has more than 64 kB',
  415: 'The body is not JSON in UTF-8',
  429: 'Too many requests, or attempts to log in; the header Retry-After says for how long',
  500: 'A mistake of the application',
  503: 'Not possible right now; try again when the header Retry-After says. Without it, look first: it may be done',
};

/** The description of the API, made from the schemas that also check requests. */
export function describeApi(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'nestjs-redis-ha sample backend',
      version: '1',
      description: 'Sessions, a cached catalogue, orders and counters on a highly available Redis.',
    },
    servers: [{ url: '/' }],
    paths: pathsOf(OPERATIONS),
    components: {
      schemas: { Error: toJsonSchema(ErrorSchema, 'output') },
      securitySchemes: { session: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function pathsOf(operations: readonly Operation[]): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  }
  return paths;
}

function describe(operation: Operation): Json {
  const { id, tag, summary, isGuarded, params, query, body } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    security: isGuarded ? [{ session: [] }] : [],
    parameters: [...parametersOf('path', params), ...parametersOf('query', query)],
    ...(body !== undefined && {
      requestBody: { required: true, content: jsonContent(toJsonSchema(body, 'input')) },
    }),
    responses: responsesOf(operation),
  };
}

function parametersOf(place: 'path' | 'query', schema: z.ZodObject | undefined): Json[] {
  if (schema === undefined) return [];
  // The input is text; the output shows what it must look like.
  const { properties = {} } = toJsonSchema(schema, 'output') as { properties?: Json };
  return Object.entries(properties).map(([name, one]) => ({
    name,
    in: place,
    required: place === 'path',
    schema: one,
  }));
}

function responsesOf({ answer, isGuarded, errors = [], ...input }: Operation): Json {
  const good =
    answer === null
      ? { 204: { description: 'Done' } }
      : { 200: { description: 'Done', content: jsonContent(toJsonSchema(answer, 'output')) } };
  const takesInput = [input.params, input.query, input.body].some((one) => one !== undefined);
  const statuses = new Set([
    ...(takesInput ? [400] : []),
    ...(isGuarded ? [401, 503] : []),
    ...(input.body === undefined ? [] : [413, 415]),
    ...errors,
    429,
    500,
  ]);
  const bad = [...statuses].sort((a, b) => a - b).map((status) => [status, errorOf(status)]);
  return { ...good, ...(Object.fromEntries(bad) as Json) };
}

function errorOf(status: number): Json {
  const content = jsonContent({ $ref: '#/components/schemas/Error' });
  return { description: ERRORS[status] ?? 'An error', content };
}

function jsonContent(schema: Json): Json {
  return { 'application/json': { schema } };
}

function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const made = z.toJSONSchema(schema, { io }) as Json;
  // The dialect is that of OpenAPI 3.1 itself, so it is left out.
  return Object.fromEntries(Object.entries(made).filter(([name]) => name !== '$schema'));
}
