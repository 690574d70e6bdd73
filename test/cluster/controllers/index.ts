/** The controllers behind the API: kube-controller-manager, and a node when one is wanted. */
import { requestCleaner } from '../certificates/cleaner.ts';
import { signers } from '../certificates/signers.ts';
import type { Controller } from '../types.ts';
import { garbageCollector } from './garbage-collector.ts';
import { namespaceContents, namespaceDeletion, tokenCleanup } from './namespaces.ts';

/** What always runs. */
export const controllers: Controller[] = [
  namespaceContents,
  namespaceDeletion,
  tokenCleanup,
  garbageCollector,
  signers,
  requestCleaner,
];
