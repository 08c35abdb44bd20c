import { Module } from '@nestjs/common';
import { PagesController } from './pages.controller.js';

/** Pages for people, and the description for machines. */
@Module({ controllers: [PagesController] })
export class PagesModule {}
