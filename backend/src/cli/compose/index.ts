export { COMPOSE_OPTIONS } from './compose-options.js';
export { type ComposeNames, ComposeProject } from './compose-project.js';
export type { Container, ContainerNetwork } from './containers.js';
export {
  type ComposeUser,
  countServers,
  isSentinel,
  operatorEnvironment,
  type ServerCount,
  variablesOf,
} from './project-variables.js';
export { lastLine, runTool, type ToolAnswer } from './run-tool.js';
