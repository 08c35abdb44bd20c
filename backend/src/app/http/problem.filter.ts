import {
  Catch,
  HttpException,
  Logger,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import type { Response } from 'express';
import { toProblem } from './to-problem.js';

/** Sends every error in one format. Details that clients must not see go to the log. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #log = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    if (isHealthAnswer(error)) {
      response.status(error.getStatus()).json(error.getResponse());
      return;
    }
    const problem = toProblem(error);
    const { statusCode, code } = problem.body;
    if (statusCode === 500) this.#log.error({ err: error, code });
    else if (statusCode > 500) this.#log.warn({ err: problem.cause ?? error, code });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (problem.retryAfterS !== null)
      response.setHeader('Retry-After', String(problem.retryAfterS));
    response.status(statusCode).json(problem.body);
  }
}

// Terminus throws the result of an unhealthy check. Probes get it unchanged.
function isHealthAnswer(error: unknown): error is HttpException {
  if (!(error instanceof HttpException)) return false;
  const body = error.getResponse();
  return typeof body === 'object' && 'status' in body && !('code' in body);
}
