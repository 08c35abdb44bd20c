import { Injectable } from '@nestjs/common';
import { NotThereException, ProblemException } from '../http/problems.js';
import { OrderQueue } from './order-queue.js';
import { OrdersRepository, type Buyer } from './orders.repository.js';
import type { Order, OrderRequest } from './orders.schemas.js';

/** Places orders. Confirming them is a job. */
@Injectable()
export class OrdersService {
  constructor(
    private readonly orders: OrdersRepository,
    private readonly queue: OrderQueue,
  ) {}

  /** Places an order. Asking again with the same id places nothing. @throws ProblemException (409) when the id is taken. */
  async place(id: string, buyer: Buyer, request: OrderRequest): Promise<Order> {
    await this.orders.place(id, buyer, request);
    const order = await this.orders.find(id, buyer.userId);
    if (order === undefined || !isFor(order, request)) {
      throw new ProblemException({
        statusCode: 409,
        code: 'ORDER_EXISTS',
        message: 'There is another order with this id. Make a new id for each order',
      });
    }
    if (order.confirmedAt === null) this.queue.hand(id);
    return order;
  }

  /** An order of the user. @throws NotThereException when he has no such order. */
  async find(id: string, userId: string): Promise<Order> {
    const order = await this.orders.find(id, userId);
    if (order === undefined) throw new NotThereException('order');
    return order;
  }
}

function isFor(order: Order, { items }: OrderRequest): boolean {
  const wanted = new Map(items.map(({ productId, quantity }) => [productId, quantity]));
  return (
    order.items.length === wanted.size &&
    order.items.every(({ productId, quantity }) => wanted.get(productId) === quantity)
  );
}
