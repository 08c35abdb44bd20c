// The service that ours is compared with: the sample backend on a bare ioredis client.
import 'reflect-metadata';
import { start } from '../../../src/app/start.js';
import { BareAppModule } from './bare-app.module.js';

await start(process.env, (config) => BareAppModule.forRoot(config));
