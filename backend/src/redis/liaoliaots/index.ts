export { LiaoliaotsRedisModule, type LiaoliaotsRedisOptions } from './liaoliaots.module.js';
