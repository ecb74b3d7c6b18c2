import * as v from 'valibot';

/** Why secrets cannot be kept; what to do about each is a matter of words. */
export const KeychainProblem = v.picklist([
  'not-installed', // keytar was not built
  'no-bus', // no D-Bus session
  'no-service', // nothing answers as org.freedesktop.secrets
  'locked',
  'no-collection', // a service without a keyring in it
  'silent', // it does not answer; perhaps it waits for somebody
  'failed',
]);
export type KeychainProblem = v.InferOutput<typeof KeychainProblem>;
