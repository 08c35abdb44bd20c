import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { ProblemException } from './problems.js';

const LIMIT_BYTES = 64 * 1024;

/** Reads JSON bodies of a bounded size. An error does not quote the body. */
export function readBodies(app: NestExpressApplication): void {
  app.useBodyParser('json', { limit: LIMIT_BYTES });
  app.use((error: unknown, _request: Request, _response: Response, next: NextFunction) => {
    next(refusalOf(error));
  });
}

function refusalOf(error: unknown): unknown {
  const type = typeof error === 'object' && error !== null && 'type' in error ? error.type : null;
  switch (type) {
    case 'entity.parse.failed':
      return refusal(400, 'MALFORMED_JSON', 'The body is not JSON');
    case 'entity.too.large':
      return refusal(413, 'BODY_TOO_LARGE', `The body has more than ${LIMIT_BYTES} bytes`);
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return refusal(415, 'UNSUPPORTED_MEDIA_TYPE', 'The body must be JSON in UTF-8');
    case 'request.aborted':
    case 'request.size.invalid':
      return refusal(400, 'BAD_REQUEST', 'The body did not arrive as announced');
    default:
      return error;
  }
}

function refusal(statusCode: number, code: string, message: string): ProblemException {
  return new ProblemException({ statusCode, code, message });
}
