/**
 * `node --import …/close-connections.ts`: every connection to the operator's webhooks ends with its first answer. For clusters
 * that cannot be told to open a new one for each call.
 */
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';

const { createServer } = https;
https.createServer = ((...args: Parameters<typeof createServer>) => {
  const server = createServer(...args);
  // With its last answer Node says `Connection: close`.
  server.maxRequestsPerSocket = 1;
  return server;
}) as typeof createServer;
syncBuiltinESMExports();
