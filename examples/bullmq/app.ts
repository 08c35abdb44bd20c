import { BullModule, InjectQueue, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable, Module } from '@nestjs/common';
import { Job, Queue } from 'bullmq';
import { RedisModule, RedisService } from 'nestjs-redis-ha';

interface Mail {
  readonly to: string;
}

@Injectable()
export class Mails {
  constructor(@InjectQueue('mails') private readonly queue: Queue<Mail>) {}

  // An add() that was under way when the primary died is sent again. With an id the second one adds nothing.
  async welcome(to: string): Promise<void> {
    await this.queue.add('welcome', { to }, { jobId: `welcome-${to}` });
  }
}

// A job that a worker had just taken when its connection broke runs again when its lock has expired. That takes half a
// minute by default; these are jobs of milliseconds.
@Processor('mails', { concurrency: 8, lockDuration: 5000, stalledInterval: 2000 })
export class MailWorker extends WorkerHost {
  readonly sent: string[] = [];

  async process({ data }: Job<Mail>): Promise<void> {
    this.sent.push(data.to);
  }

  // Connections that break are errors of the worker, too. Without a listener they would be written to the console.
  @OnWorkerEvent('error')
  onError(): void {}
}

@Module({
  imports: [
    RedisModule.forRoot(),
    BullModule.forRootAsync({
      inject: [RedisService],
      useFactory: (redis: RedisService) => ({
        connection: { ...redis.connectionOptions(), maxRetriesPerRequest: null },
      }),
    }),
    BullModule.registerQueue({ name: 'mails' }),
  ],
  providers: [Mails, MailWorker],
})
export class AppModule {}
