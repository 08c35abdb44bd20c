import { Controller, Module } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { RedisModule } from 'nestjs-redis-ha';

export interface Reservation {
  /** Made by whoever asks. */
  readonly id: string;
  readonly items: number;
}

/** The service that is asked. */
@Controller()
export class StockController {
  readonly #reserved = new Map<string, number>();
  #left = 1000;

  // A request that is tried again may arrive twice: by its id the second one changes nothing. Where there are several
  // processes, what is reserved belongs in a database.
  @MessagePattern('reserve')
  reserve({ id, items }: Reservation): number {
    if (!this.#reserved.has(id)) {
      this.#reserved.set(id, items);
      this.#left -= items;
    }
    return this.#left;
  }
}

@Module({ imports: [RedisModule.forRoot()], controllers: [StockController] })
export class StockModule {}
