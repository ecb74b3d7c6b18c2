import * as v from 'valibot';
import { Count, Id, Name, PathTextSchema, Timestamp } from './common.ts';

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
  /** The saved host to go through; it may itself be behind another. */
  jumpHostId: v.optional(v.nullable(Id), null),
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

/** Free space of a file system on the server, in bytes. */
export const FreeSpace = v.strictObject({
  /** As asked for: a destination of a profile, or '' for the folder of the login. */
  path: PathTextSchema,
  free: Count,
  total: Count,
});
export type FreeSpace = v.InferOutput<typeof FreeSpace>;

/** What a connection test found. */
export const HostTest = v.strictObject({
  /** `3.4.1`, `driftline 0.1.0`. Null where the server does not tell, as when it runs one fixed command. */
  rsyncVersion: v.nullable(v.string()),
  /** Where the server finds it, if it tells. */
  rsyncPath: v.nullable(v.string()),
  protocol: v.nullable(v.number()),
  roundTripMs: v.number(),
  /** Empty where the server may not or cannot tell. */
  space: v.array(FreeSpace),
  algorithm: v.string(),
  fingerprint: Fingerprint,
  /** What the server accepted, in words: `key ~/.ssh/id_ed25519`, `password`. */
  login: v.array(v.string()),
});
export type HostTest = v.InferOutput<typeof HostTest>;

/** A private key found in the person's `.ssh` folder; never its content. */
export const FoundKey = v.strictObject({
  path: PathTextSchema,
  /** `ssh-ed25519`, or '' where an encrypted key has no public half beside it. */
  type: v.string(),
  /** Of an RSA key; null for the others. */
  bits: v.nullable(v.number()),
  comment: v.string(),
  encrypted: v.boolean(),
});
export type FoundKey = v.InferOutput<typeof FoundKey>;

/** A name of the OpenSSH configuration as a host that could be saved. */
export const SshConfigHost = v.strictObject({
  alias: v.string(),
  /** Null where it cannot be a saved host; `notes` say why. */
  draft: v.nullable(HostDraft),
  /** Aliases or addresses gone through, first to last. */
  jumps: v.array(v.string()),
  /** Name of a saved host with the same name or the same server and user. */
  savedAs: v.nullable(Name),
  /** What was left out, or why it cannot be used. */
  notes: v.array(v.string()),
});
export type SshConfigHost = v.InferOutput<typeof SshConfigHost>;

/** Sub-folders of a folder on a server. */
export const RemoteFolder = v.strictObject({
  /** As asked for; '' is the folder of the login. */
  path: PathTextSchema,
  folders: v.array(PathTextSchema),
});
export type RemoteFolder = v.InferOutput<typeof RemoteFolder>;
