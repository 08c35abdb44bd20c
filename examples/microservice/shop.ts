import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Module } from '@nestjs/common';
import { ClientProxy, ClientsModule } from '@nestjs/microservices';
import { RedisModule, RedisService } from 'nestjs-redis-ha';
import { firstValueFrom, retry, timeout } from 'rxjs';
import { overRedis } from './over-redis.js';
import type { Reservation } from './stock.js';

/** The service that asks. */
@Injectable()
export class Shop {
  constructor(@Inject('STOCK') private readonly stock: ClientProxy) {}

  /** Reserves items. Returns how many are left. */
  reserve(items: number): Promise<number> {
    const reservation: Reservation = { id: randomUUID(), items };
    const answer = this.stock.send<number>('reserve', reservation);
    // Nest sets no limit to an answer, and refuses to send while a client connects anew: hence both.
    return firstValueFrom(answer.pipe(timeout(2000), retry({ count: 50, delay: 200 })));
  }
}

@Module({
  imports: [
    RedisModule.forRoot(),
    ClientsModule.registerAsync([{ name: 'STOCK', inject: [RedisService], useFactory: overRedis }]),
  ],
  providers: [Shop],
})
export class ShopModule {}
