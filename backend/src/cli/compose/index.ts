export { COMPOSE_OPTIONS } from './compose-options.js';
export { type ComposeNames, ComposeProject, variablesOf } from './compose-project.js';
export type { Container, ContainerNetwork } from './containers.js';
export { lastLine, runTool, type ToolAnswer } from './run-tool.js';
