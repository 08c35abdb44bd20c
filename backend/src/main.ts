import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app/app.module.js';
import { readAppConfig } from './app/app-config.js';

const config = readAppConfig(process.env);
Logger.overrideLogger(config.logLevels);
const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(config.port, config.host);
new Logger('App').log(`Listening on ${await app.getUrl()}`);
