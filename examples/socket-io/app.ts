import { Module } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import { RedisModule } from 'nestjs-redis-ha';
import type { Server, Socket } from 'socket.io';

@WebSocketGateway()
class ChatGateway {
  @WebSocketServer()
  private readonly server!: Server;

  @SubscribeMessage('enter')
  async enter(@MessageBody() room: string, @ConnectedSocket() client: Socket): Promise<string> {
    await client.join(room);
    return room;
  }

  @SubscribeMessage('say')
  say(@MessageBody() { room, text }: { room: string; text: string }): void {
    this.server.to(room).emit('said', text);
  }
}

@Module({ imports: [RedisModule.forRoot()], providers: [ChatGateway] })
export class AppModule {}
