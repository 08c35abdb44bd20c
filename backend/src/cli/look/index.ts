export { type Awaited, awaitWhole, type Patience } from './await-whole.js';
export { type Expected, problemsOf } from './whole.js';
