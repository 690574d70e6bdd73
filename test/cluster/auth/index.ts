/** Authentication and authorization of the in-memory cluster. */
export { clusterRoleAggregation } from './aggregation.ts';
export { authenticatorOf, createAuthenticator } from './authenticator.ts';
export type { Authenticator, AuthenticatorOptions } from './authenticator.ts';
export { bootstrapObjects } from './bootstrap.ts';
export { accessForbidden, createAuthorizer } from './rbac.ts';
export { reviewResources } from './reviews.ts';
export { tokenSubresource } from './tokenrequest.ts';
