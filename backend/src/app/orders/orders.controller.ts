import { Body, Controller, Get, HttpCode, Param, Put, UseGuards } from '@nestjs/common';
import { CurrentSession, SessionGuard, type Session } from '../../redis/index.js';
import { ZodPipe } from '../http/zod.pipe.js';
import {
  OrderIdSchema,
  OrderRequestSchema,
  type Order,
  type OrderRequest,
} from './orders.schemas.js';
import { OrdersService } from './orders.service.js';

/** Orders of users who are logged in. */
@Controller('api/orders')
@UseGuards(SessionGuard)
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  /** Places an order. */
  @Put(':id')
  @HttpCode(200)
  place(
    @Param(new ZodPipe(OrderIdSchema)) { id }: { id: string },
    @CurrentSession() { userId, data }: Session,
    @Body(new ZodPipe(OrderRequestSchema)) request: OrderRequest,
  ): Promise<Order> {
    const { email } = data as { readonly email: string };
    return this.orders.place(id, { userId, email }, request);
  }

  /** An order of the user. */
  @Get(':id')
  find(
    @Param(new ZodPipe(OrderIdSchema)) { id }: { id: string },
    @CurrentSession() { userId }: Session,
  ): Promise<Order> {
    return this.orders.find(id, userId);
  }
}
