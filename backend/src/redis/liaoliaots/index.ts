export { LiaoliaotsRedisModule, type LiaoliaotsRedisOptions } from './redis.liaoliaots-module.js';
