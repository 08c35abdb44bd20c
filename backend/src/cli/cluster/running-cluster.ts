import { ComposeProject } from '../compose/index.js';
import { ClusterOfContainers } from './cluster-of-containers.js';
import { ClusterOfProcesses } from './cluster-of-processes.js';
import type { Cluster, ClusterOrder, Means } from './cluster-shape.js';

/** The cluster that was asked for. */
export async function newCluster(order: ClusterOrder, means: Means): Promise<Cluster> {
  if (order.compose === null) return new ClusterOfProcesses(order, means);
  const names = { file: order.compose, envFile: order.composeEnv, project: order.project };
  const project = await ComposeProject.open(names, means.io.env, means.clock);
  return new ClusterOfContainers(order.compose, project, means);
}
