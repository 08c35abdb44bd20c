import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ZodPipe } from '../http/zod.pipe.js';
import { CounterNameSchema, type Counter } from './counters.schemas.js';
import { CountersService } from './counters.service.js';

/** A value to write and read during failovers. */
@Controller('api/counters')
export class CountersController {
  constructor(private readonly counters: CountersService) {}

  /** Adds one and returns the new value. */
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
