import 'reflect-metadata';
import { AppModule } from './app/app.module.js';
import { start } from './app/start.js';

await start(process.env, (config) => AppModule.forRoot(config));
