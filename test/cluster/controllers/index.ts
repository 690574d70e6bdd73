/** The controllers behind the API: kube-controller-manager, and a node when one is wanted. */
import { approver } from '../certificates/approver.ts';
import { requestCleaner } from '../certificates/cleaner.ts';
import { signers } from '../certificates/signers.ts';
import type { Controller } from '../types.ts';
import { deploymentController } from './deployments.ts';
import { endpointSliceController } from './endpoint-slices.ts';
import { garbageCollector } from './garbage-collector.ts';
import { namespaceContents, namespaceDeletion, tokenCleanup } from './namespaces.ts';
import { nodeController } from './node.ts';
import { replicaSetController } from './replica-sets.ts';

/** What always runs. */
export const controllers: Controller[] = [
  namespaceContents,
  namespaceDeletion,
  tokenCleanup,
  garbageCollector,
  approver,
  signers,
  requestCleaner,
  deploymentController,
  replicaSetController,
  endpointSliceController,
];

/** For clusters with a node: without it pods stay Pending, as in a control plane without scheduler and kubelet. */
export const nodeControllers: Controller[] = [nodeController];
