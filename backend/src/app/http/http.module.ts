import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Drain } from './drain.js';
import { ProblemFilter } from './problem.filter.js';

/** How requests are answered in general. */
@Module({ providers: [{ provide: APP_FILTER, useClass: ProblemFilter }, Drain], exports: [Drain] })
export class HttpModule {}
