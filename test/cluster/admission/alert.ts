import { connect as connectPlain } from 'node:net';
import { Duplex } from 'node:stream';
import { connect } from 'node:tls';

/** RFC 5246, 6.2.1 and 7.2: the record of a fatal alert `bad_certificate` (42), as Go's crypto/tls sends it. */
const BAD_CERTIFICATE = Buffer.from([21, 3, 3, 0, 2, 2, 42]);
const LIMIT_MS = 5000;

/**
 * Tells a server that its certificate is refused. Go says so in the handshake that it breaks off; Node's client never does, so
 * this begins another handshake and breaks it off in the same way: under TLS 1.2, where the alert is not encrypted yet.
 */
export function refuseCertificate(host: string, port: number, servername: string): void {
  const socket = connectPlain(port, host);
  const hello = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      socket.write(chunk, () => done());
    },
  });
  const client = connect({ socket: hello, servername, maxVersion: 'TLSv1.2', rejectUnauthorized: false });
  client.on('error', () => {});
  socket.setTimeout(LIMIT_MS, () => socket.destroy());
  socket.unref();
  socket.on('error', () => {});
  socket.once('close', () => client.destroy());
  // The answer to the hello brings the certificate. The server closes the connection.
  socket.once('data', () => socket.write(BAD_CERTIFICATE));
}
