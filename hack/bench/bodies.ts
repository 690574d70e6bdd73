/** The reviews that are sent: what a Kubernetes 1.36 API server sent, and pods of any size made of one of them. */
import { type ReviewName, REVIEWS, reviewBytes } from '../../test/testdata/samples.ts';

/** What the API server mostly sends. */
export const USUAL = REVIEWS.filter((name) => name !== 'big-179k').map((name) => reviewBytes(name));
/** The same with a pod of 179 KB among them. */
export const WITH_A_BIG_ONE = REVIEWS.map((name: ReviewName) => reviewBytes(name));

interface Review {
  request: { object: { spec: { containers: { env?: object[] }[] } } };
}

/** A review of about that many bytes: variables in the pod's container make it up. */
export function bodyOfSize(bytes: number): Buffer {
  const review = JSON.parse(reviewBytes('optin-true').toString()) as Review;
  const [container] = review.request.object.spec.containers;
  const variable = (index: number): object => ({ name: `VARIABLE_${index}`, value: 'v'.repeat(64) });
  const missing = bytes - JSON.stringify(review).length;
  const count = Math.max(0, Math.floor(missing / (JSON.stringify(variable(1000)).length + 1)));
  if (container !== undefined) container.env = Array.from({ length: count }, (_, index) => variable(index));
  return Buffer.from(JSON.stringify(review));
}
