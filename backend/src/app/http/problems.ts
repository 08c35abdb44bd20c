import { HttpException } from '@nestjs/common';
import { z } from 'zod';

/** The body of every error. */
export const ErrorSchema = z.strictObject({
  statusCode: z.int(),
  code: z.string(),
  message: z.string(),
  problems: z.array(z.strictObject({ field: z.string(), message: z.string() })).optional(),
});

/** The body of every error. */
export type ErrorBody = z.infer<typeof ErrorSchema>;

/** What is wrong with one field of a request. */
export type FieldProblem = NonNullable<ErrorBody['problems']>[number];

/** An error response, with a code that does not change. */
export class ProblemException extends HttpException {
  /** Seconds after which trying again may help. */
  readonly retryAfterS: number | null;

  constructor(
    readonly body: ErrorBody,
    { retryAfterS = null, cause }: { readonly retryAfterS?: number | null; cause?: unknown } = {},
  ) {
    super(body, body.statusCode, { cause });
    this.retryAfterS = retryAfterS;
  }
}

/** A request with wrong input; every wrong field is named. */
export class InputRefusedException extends ProblemException {
  constructor(problems: FieldProblem[]) {
    const message = problems.map(({ field, message }) => `${field}: ${message}`).join('; ');
    super({ statusCode: 400, code: 'INPUT_REFUSED', message, problems });
  }
}

/** The requested thing does not exist. */
export class NotThereException extends ProblemException {
  constructor(what: string) {
    super({ statusCode: 404, code: 'NOT_FOUND', message: `There is no such ${what}` });
  }
}
