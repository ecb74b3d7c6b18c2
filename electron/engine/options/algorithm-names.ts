/** The names of what this program can compute, for those who only show them. */
export { SUPPORTED_CHECKSUMS } from '../checksum/strong.ts';
export { SUPPORTED_COMPRESSIONS } from '../compress/method.ts';
export { AUTH_DIGESTS } from '../handshake/daemon-auth.ts';
