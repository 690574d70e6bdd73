import { once } from 'node:events';
import { connect } from 'node:tls';

/** SHA-256 fingerprint of the certificate that a replica shows for a server name. */
export const servedFingerprint = async (
  { host, webhookPort: port }: { host: string; webhookPort: number },
  servername: string,
): Promise<string> => {
  const socket = connect({ host, port, servername, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(2000) });
    return socket.getPeerCertificate().fingerprint256;
  } finally {
    socket.on('error', () => undefined).destroy();
  }
};
