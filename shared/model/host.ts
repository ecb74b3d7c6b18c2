import * as v from 'valibot';
import { Id, Name, PathTextSchema, Timestamp } from './common.ts';

/** How we prove who we are. Secrets are never in the record: they live in the keychain (see secrets in the service). */
export const HostAuth = v.variant('kind', [
  v.strictObject({ kind: v.literal('agent') }),
  v.strictObject({ kind: v.literal('key'), keyPath: PathTextSchema }),
  v.strictObject({ kind: v.literal('password') }),
]);
export type HostAuth = v.InferOutput<typeof HostAuth>;

/** Host name or IP literal. Nothing a shell or an option parser could read as more than a name (faults.md S16). */
export const Address = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(253),
  v.regex(/^(?!-)[A-Za-z0-9._:%-]+$/, 'a host name or an IP address'),
);
export const UserName = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(128),
  v.regex(/^(?!-)[^\s/:@;$`'"\\<>|&(){}*?[\]!#~\x00-\x1f\x7f]+$/, 'a user name'), // eslint-disable-line no-control-regex
);
export const Port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535));
export const Fingerprint = v.pipe(v.string(), v.regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'SHA256:… with 43 characters'));

const fields = {
  name: Name,
  address: Address,
  port: Port,
  user: UserName,
  auth: HostAuth,
  /** Remote program; empty = `rsync`. */
  rsyncPath: v.optional(v.pipe(v.string(), v.maxLength(1000)), ''),
};

/** What a person enters for a host. */
export const HostDraft = v.strictObject(fields);
export type HostDraft = v.InferOutput<typeof HostDraft>;

/** A saved host. */
export const Host = v.strictObject({
  id: Id,
  ...fields,
  /** The accepted host key; null until the first connection was confirmed. */
  hostKey: v.nullable(v.strictObject({ algorithm: v.string(), fingerprint: Fingerprint })),
  createdAt: Timestamp,
});
export type Host = v.InferOutput<typeof Host>;

/** What a connection test found. */
export const HostTest = v.strictObject({
  rsyncVersion: v.nullable(v.string()),
  protocol: v.nullable(v.number()),
  roundTripMs: v.number(),
  fingerprint: Fingerprint,
});
export type HostTest = v.InferOutput<typeof HostTest>;
