const NO_PLAN = 'a preview could not show what it would do';
const OUTPUT = 'it only changes what rsync prints';
const DAEMON = 'it is about rsync daemons, and profiles reach servers by SSH';
const HOST = 'it belongs to the host';
const ORDER = 'a profile deletes last, and only when everything else went well';
const RULE_FILE = 'a profile holds its rules itself and reads none from files';
const WHOLE = 'a profile copies folders with everything in them';
const ATTRIBUTES = 'previews do not list access control lists, extended attributes and hard links';
const LINKS = 'a run of a plan neither writes through links nor changes where they lead';
const BATCH = 'a profile copies from its sources to its destination, and not by way of a file';
const NO_EFFECT = 'it has no effect here';

/**
 * Why a profile may not have an option, for every option that is neither in shared/option-words.ts nor a field of its
 * own. `driftline rsync` takes them all the same.
 */
export const PROFILE_REFUSALS: Readonly<Record<string, string>> = {
  'inc-recursive': 'both sides are listed whole before anything changes',
  relative: NO_PLAN,
  'implied-dirs': NO_PLAN,
  dirs: WHOLE,
  'old-dirs': WHOLE,
  'insecure-links': 'a profile names its folders themselves',
  'confine-root': 'a profile names its folders themselves',
  'munge-links': LINKS,
  'keep-dirlinks': LINKS,
  'files-from': WHOLE,
  from0: RULE_FILE,
  'ignore-missing-args': 'a source that is missing must stop the run',
  'delete-missing-args': 'a source that is missing must stop the run',
  'remove-source-files': 'a profile never changes its source',
  'copy-devices': NO_PLAN,
  'copy-as': HOST,

  acls: ATTRIBUTES,
  xattrs: ATTRIBUTES,
  'hard-links': ATTRIBUTES,
  'fake-super': ATTRIBUTES,
  atimes: NO_PLAN,
  crtimes: 'creation times cannot be set',
  usermap: NO_PLAN,
  groupmap: NO_PLAN,
  chown: NO_PLAN,
  'drop-D': '--no-devices and --no-specials say the same',

  'dry-run': 'a preview is that',
  append: 'it changes files without comparing them',
  'append-verify': 'it changes files without comparing them',
  preallocate: 'space cannot be reserved here',
  'write-devices': NO_PLAN,
  force: 'a plan shows what has to make way, and a run does just that',
  backup: 'runs of plans keep no backups yet',
  'backup-dir': 'runs of plans keep no backups yet',
  suffix: 'runs of plans keep no backups yet',
  'compare-dest': NO_PLAN,
  'copy-dest': NO_PLAN,
  'link-dest': NO_PLAN,

  'delete-before': ORDER,
  'delete-during': ORDER,
  'delete-delay': ORDER,
  'delete-after': ORDER,
  'ignore-errors': ORDER,

  'cvs-exclude': RULE_FILE,
  F: RULE_FILE,
  'exclude-from': RULE_FILE,
  'include-from': RULE_FILE,

  rsh: HOST,
  'rsync-path': HOST,
  'remote-option': NO_PLAN,
  'secluded-args': 'a profile’s paths reach the server as they are anyway',
  'old-args': 'a profile’s paths are names, never patterns',
  iconv: 'the plan would show other names than the two sides have',
  'trust-sender': 'what a server lists is always checked',
  'blocking-io': HOST,
  ipv4: HOST,
  ipv6: HOST,
  port: DAEMON,
  address: DAEMON,
  sockopts: DAEMON,
  'password-file': DAEMON,
  'early-input': DAEMON,
  motd: DAEMON,
  contimeout: DAEMON,
  'stop-at': 'it is one point in time, and a profile runs again and again',
  'max-alloc': NO_EFFECT,
  'checksum-choice': 'preview and run take one that both sides know',
  'checksum-seed': NO_EFFECT,
  'old-compress': '--compress-choice says it',
  'new-compress': '--compress-choice says it',
  'compress-threads': NO_EFFECT,
  'skip-compress': NO_EFFECT,
  'write-batch': BATCH,
  'only-write-batch': BATCH,
  'read-batch': BATCH,
  protocol: 'both sides agree on the newest they know',

  verbose: OUTPUT,
  info: OUTPUT,
  debug: OUTPUT,
  quiet: OUTPUT,
  'itemize-changes': OUTPUT,
  'out-format': OUTPUT,
  'log-file': OUTPUT,
  'log-file-format': OUTPUT,
  stats: OUTPUT,
  progress: OUTPUT,
  P: '--partial says what it changes',
  'human-readable': OUTPUT,
  '8-bit-output': OUTPUT,
  'list-only': 'a preview lists',
  stderr: OUTPUT,
  msgs2stderr: OUTPUT,
  outbuf: OUTPUT,
  version: OUTPUT,
  help: OUTPUT,

  archive: 'every profile has it',
  recursive: 'every profile has it',
  D: '--no-devices and --no-specials say what can be changed of it',
};
