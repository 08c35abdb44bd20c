export { CommandRouter } from './command-router.js';
export { rejectedError } from './outcome-errors.js';
