import {
  BadRequestException,
  Controller,
  Get,
  HttpCode,
  HttpException,
  Param,
  Post,
} from '@nestjs/common';
import { RedisHaError } from '../redis/index.js';
import { CountersService, type Counter } from './counters.service.js';

const NAME = /^[\w-]{1,64}$/;

/** Something to write and to read while primaries come and go. */
@Controller('api/counters')
export class CountersController {
  constructor(private readonly counters: CountersService) {}

  /** Adds one and answers the new value. */
  @Post(':name')
  @HttpCode(200)
  increment(@Param('name') name: string): Promise<Counter> {
    return answer(() => this.counters.increment(checked(name)));
  }

  /** Answers the value. */
  @Get(':name')
  read(@Param('name') name: string): Promise<Counter> {
    return answer(() => this.counters.read(checked(name)));
  }
}

function checked(name: string): string {
  if (NAME.test(name)) return name;
  throw new BadRequestException(
    'The name of a counter has 1 to 64 letters, digits, underscores or hyphens, for example "visits"',
  );
}

// 503 says: nothing is wrong with the request, try again. The code says what is known of this one.
async function answer<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!RedisHaError.is(error)) throw error;
    const { code, message, retryable } = error;
    throw new HttpException({ statusCode: 503, code, message, retryable }, 503, { cause: error });
  }
}
