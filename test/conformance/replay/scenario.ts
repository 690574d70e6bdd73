/** The format of the files in `transcripts/`: conversations recorded from a Kubernetes 1.36 API server. */

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** What one call of a scripted webhook is answered with. */
export interface WebhookAnswer {
  allowed?: boolean;
  /** A JSON patch; it is encoded on sending. */
  patch?: unknown[];
  status?: object;
  warnings?: string[];
  auditAnnotations?: Record<string, string>;
  /** Instead of the request's. */
  uid?: string;
  /** A body as it is; `{{request.uid}}` is filled in. */
  raw?: string;
  httpStatus?: number;
  headers?: Record<string, string>;
  delayMs?: number;
}

export interface WebhookSpec {
  tls?: { key: string; cert: string };
  /** Path to answers, given in turn, the last one again and again. */
  handlers?: Record<string, WebhookAnswer[]>;
  /** Only an address that nobody listens on. */
  closed?: boolean;
}

export interface RecordedRequest {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: unknown;
  /** Text instead of JSON. */
  raw?: string;
  /** A bearer token, or `anonymous`, instead of the administrator. */
  as?: string;
}

/** When reading a watch ends: after this many events, at its end, or at the latest after `timeoutMs`. */
export interface Reading {
  count?: number;
  untilClosed?: boolean;
  timeoutMs?: number;
}

/** A condition on the answer; the request is repeated until it holds. */
export interface Until {
  status?: number;
  /** A subset of the body. */
  body?: unknown;
  present?: string[];
  absent?: string[];
  timeoutSeconds?: number;
}

/** An answer in the form in which it is compared. */
export interface Answer {
  status?: number;
  headers?: { 'content-type'?: string; warning?: string[] };
  body?: unknown;
}

export interface Step {
  name: string;
  request?: RecordedRequest;
  compare?: 'exact' | 'subset' | 'status' | 'causes';
  keep?: string[];
  ignore?: string[];
  managedFields?: boolean;
  /** Variable to pointer into the answer. */
  capture?: Record<string, string>;
  until?: Until;
  /** The request is a watch; `start` leaves it running under that name. */
  watch?: Reading & { start?: string; bookmarks?: boolean };
  collect?: Reading & { watch: string };
  calls?: { keep?: string[]; sorted?: boolean; contentType?: boolean };
  resetCalls?: boolean;
  sleepMs?: number;
  /** Sent whatever happened before, and never compared. */
  cleanup?: boolean;
  expect?: Answer;
}

export interface Scenario {
  name: string;
  area: string;
  description: string;
  vars?: Record<string, string>;
  webhooks?: Record<string, WebhookSpec>;
  steps: Step[];
}

/** All scenarios of a folder, by name. */
export const loadScenarios = (folder: string): Scenario[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Scenario);
