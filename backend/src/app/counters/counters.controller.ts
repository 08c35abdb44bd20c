import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ZodPipe } from '../http/zod.pipe.js';
import { CounterNameSchema, type Counter } from './counters.schemas.js';
import { CountersService } from './counters.service.js';

/** Something to write and to read while primaries come and go. */
@Controller('api/counters')
export class CountersController {
  constructor(private readonly counters: CountersService) {}

  /** Adds one and answers the new value. */
  @Post(':name')
  @HttpCode(200)
  increment(@Param(new ZodPipe(CounterNameSchema)) { name }: { name: string }): Promise<Counter> {
    return this.counters.increment(name);
  }

  /** Returns the value. */
  @Get(':name')
  read(@Param(new ZodPipe(CounterNameSchema)) { name }: { name: string }): Promise<Counter> {
    return this.counters.read(name);
  }
}
