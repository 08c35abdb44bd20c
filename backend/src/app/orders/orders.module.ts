import { Module } from '@nestjs/common';
import { OrderQueue } from './order-queue.js';
import { OrdersController } from './orders.controller.js';
import { OrdersRepository } from './orders.repository.js';
import { OrdersService } from './orders.service.js';

/** Orders, and their confirmation in the background. */
@Module({
  controllers: [OrdersController],
  providers: [OrdersService, OrdersRepository, OrderQueue],
})
export class OrdersModule {}
