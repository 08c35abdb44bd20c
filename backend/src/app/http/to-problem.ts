import { HttpException } from '@nestjs/common';
import { DatabaseUnavailableError } from '../database/database.js';
import { httpAnswerOf, RedisHaError } from '../../redis/index.js';
import { ProblemException, type ErrorBody } from './problems.js';

const RETRY_AFTER_S = 1;
const MAX_CAUSES = 5;
const INTERNAL_MESSAGE = 'Something went wrong; the log has it';

const BY_STATUS: Readonly<Record<number, readonly [code: string, message: string]>> = {
  400: ['BAD_REQUEST', 'The request cannot be understood'],
  401: ['UNAUTHORIZED', 'Log in'],
  403: ['FORBIDDEN', 'This is not allowed'],
  404: ['NOT_FOUND', 'There is nothing at this address; GET / says what there is'],
  413: ['BODY_TOO_LARGE', 'The body of the request is too large'],
  415: ['UNSUPPORTED_MEDIA_TYPE', 'The body must be JSON in UTF-8'],
  503: ['UNAVAILABLE', 'This is not possible right now. Try again'],
};

/** Turns any error into the error that a client gets. Inner messages are not shown. */
export function toProblem(error: unknown): ProblemException {
  if (error instanceof ProblemException) return error;
  if (error instanceof HttpException) return fromNest(error);
  const database = firstCause(error, (one) => one instanceof DatabaseUnavailableError);
  if (database !== null) {
    const message = 'The database cannot be reached. Try again';
    return unavailable('DATABASE_UNAVAILABLE', message, error);
  }
  if (RedisHaError.is(error)) return fromRedis(error);
  return internal('INTERNAL', error);
}

function fromRedis(error: RedisHaError): ProblemException {
  const { retryAfterS, ...body } = httpAnswerOf(error);
  return new ProblemException(body, { retryAfterS, cause: error });
}

function internal(code: string, cause: unknown): ProblemException {
  return new ProblemException({ statusCode: 500, code, message: INTERNAL_MESSAGE }, { cause });
}

function unavailable(code: string, message: string, cause: unknown): ProblemException {
  return new ProblemException(
    { statusCode: 503, code, message },
    { retryAfterS: RETRY_AFTER_S, cause },
  );
}

// The library's guard sets code and message itself. Nest's default message may quote the request.
function fromNest(error: HttpException): ProblemException {
  const status = error.getStatus();
  const given = error.getResponse();
  const own = typeof given === 'object' ? (given as Partial<ErrorBody>) : {};
  const [code, message] = BY_STATUS[status] ?? fallbackOf(status);
  const isOurs = typeof own.code === 'string' && typeof own.message === 'string';
  return new ProblemException(
    {
      statusCode: status,
      code: isOurs ? (own.code ?? code) : code,
      message: isOurs ? (own.message ?? message) : message,
    },
    { cause: error },
  );
}

function fallbackOf(status: number): readonly [string, string] {
  if (status < 500) return BY_STATUS[400] ?? ['', ''];
  return ['INTERNAL', INTERNAL_MESSAGE];
}

function firstCause(error: unknown, is: (error: unknown) => boolean): unknown {
  let one = error;
  for (let depth = 0; depth < MAX_CAUSES && one instanceof Error; depth++) {
    if (is(one)) return one;
    one = one.cause;
  }
  return null;
}
