import {
  Catch,
  HttpException,
  Logger,
  type ArgumentsHost,
  type ExceptionFilter,
  type Type,
} from '@nestjs/common';
import { RedisHaError } from '../base/errors/index.js';
import { SystemClock } from '../base/timing/index.js';
import { GatheredLines } from './gathered-lines.js';
import { httpAnswerOf, type HttpAnswer } from './http-answer.js';
import { harmlessly } from './redis-logger.js';
import { FAILED_REQUESTS } from './what-is-told-often.js';

/** What it needs of a response, of Express and Fastify alike. */
interface HttpResponse {
  /** Of Express: whether the answer has begun. */
  readonly headersSent?: boolean;
  /** Of Fastify: the response of Node underneath. */
  readonly raw?: Pick<HttpResponse, 'headersSent' | 'destroy'>;
  header(name: string, value: string): unknown;
  status(code: number): { send(body: object): unknown };
  destroy?(): unknown;
}

/** What it needs of a request: the method and the pattern of the route. */
interface HttpRequest {
  readonly method: string;
  /** Of Express. */
  readonly route?: { readonly path: unknown };
  /** Of Fastify. */
  readonly routeOptions?: { readonly url?: string };
}

/** Stands for every error of the library, also of a second copy of it. Nest asks `instanceof`, and this answers. */
const ANY_REDIS_HA_ERROR = {
  [Symbol.hasInstance]: (error: unknown): boolean => RedisHaError.is(error),
} as unknown as Type;

/**
 * Answers HTTP requests that end with an error of this library: 503 with `Retry-After` while Redis cannot do it, 500
 * for a mistake of the program, 401 for a token without a session (`docs/errors.md`). The client sees the code and
 * nothing else of the error. Every other error is left to other filters. For Express and Fastify; for the whole
 * application, `{ provide: APP_FILTER, useClass: RedisErrorFilter }`, or one controller, `@UseFilters(RedisErrorFilter)`.
 */
@Catch(ANY_REDIS_HA_ERROR)
export class RedisErrorFilter implements ExceptionFilter<RedisHaError> {
  readonly #logger = new Logger('RedisErrorFilter');
  readonly #outages: GatheredLines;

  constructor() {
    const time = { clock: new SystemClock(), closing: new AbortController().signal };
    this.#outages = new GatheredLines(time, FAILED_REQUESTS, (line) => {
      harmlessly(() => {
        this.#logger.warn(line);
      });
    });
  }

  /** Answers the request. Outside of HTTP nothing is returned, and Nest goes on as it does without this filter. */
  catch(error: RedisHaError, host: ArgumentsHost): void {
    if (host.getType() !== 'http') return;
    const response = host.switchToHttp().getResponse<HttpResponse>();
    const own = answerOfLoader(error);
    if (own !== null) {
      send(response, own.getStatus(), bodyOf(own));
      return;
    }
    const answer = httpAnswerOf(error);
    this.#note(error, answer, host);
    const { statusCode, code, message, retryAfterS } = answer;
    if (!hasBegun(response)) {
      if (retryAfterS !== null) response.header('Retry-After', String(retryAfterS));
      if (statusCode === 401) response.header('WWW-Authenticate', 'Bearer');
    }
    send(response, statusCode, { statusCode, code, message });
  }

  // An outage concerns every request at once, and its reasons stand in the log already. The stack of a mistake ends
  // in the driver, where the answer came in: route and command tell where in the program it is.
  #note(error: RedisHaError, { statusCode, code }: HttpAnswer, host: ArgumentsHost): void {
    const [words, stack] = isOfScript(error) ? SAID_BY_SCRIPT : [error.message, error.stack];
    if (statusCode === 503) this.#outages.add(code, words);
    if (statusCode !== 500) return;
    const route = routeOf(host.switchToHttp().getRequest<HttpRequest>());
    harmlessly(() => {
      this.#logger.error(`${route}: ${code}${commandOf(error)}: ${words}`, stack);
    });
  }
}

// The pattern, such as `/users/:id`: what stands in its place in a URL may be a secret.
function routeOf({ method, route, routeOptions }: HttpRequest): string {
  const pattern = routeOptions?.url ?? route?.path;
  return typeof pattern === 'string' ? `${method} ${pattern}` : method;
}

// What a script says may be a key or a value, such as in `error('no stock of ' .. KEYS[1])`.
const SAID_BY_SCRIPT = [
  'the script failed; its words are in the message of the error',
  undefined,
] as const;
const RUNS_SCRIPT = /^(eval|evalsha|fcall)(_ro)?$/i;

function isOfScript({ code, details }: RedisHaError): boolean {
  return code === 'COMMAND_REJECTED' && RUNS_SCRIPT.test(String(details['command']));
}

function commandOf({ details }: RedisHaError): string {
  const command = details['command'];
  return typeof command === 'string' ? ` of ${command}` : '';
}

// What a loader throws for the client, such as a NotFoundException, is meant for the client.
function answerOfLoader({ code, cause }: RedisHaError): HttpException | null {
  return code === 'LOADER_FAILED' && cause instanceof HttpException ? cause : null;
}

function bodyOf(exception: HttpException): object {
  const given = exception.getResponse();
  return typeof given === 'object' ? given : { statusCode: exception.getStatus(), message: given };
}

// An answer that has begun is cut, so that nobody takes it for whole.
function send(response: HttpResponse, statusCode: number, body: object): void {
  if (hasBegun(response)) {
    (response.raw ?? response).destroy?.();
    return;
  }
  response.header('Content-Type', 'application/json; charset=utf-8');
  response.status(statusCode).send(body);
}

function hasBegun(response: HttpResponse): boolean {
  return (response.raw ?? response).headersSent === true;
}
