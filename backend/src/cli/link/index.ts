export { type Link, type LinkPlan, withLink } from './with-link.js';
