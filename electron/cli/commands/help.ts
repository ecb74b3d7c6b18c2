/** Help texts. Every command has an example that works as it stands, names aside. */

export const GENERAL_HELP = `Usage: driftline COMMAND …

Mirrors folders to and from servers by speaking the rsync protocol itself.

  rsync …                  rsync's own arguments and output: driftline rsync -av src/ server:dest/
  host add|list|test|forget-key|remove
                           servers you have saved
  profile add|list|remove  what is mirrored where
  preview NAME             what a run of a profile would do
  run NAME                 runs a profile
  serve                    the window, in a browser on this machine

  --json                   one JSON document instead of text (all but rsync)
  --help, --version

Example:
  driftline host add backup --address backup.example.org --user me --key ~/.ssh/id_ed25519
  driftline profile add photos --source ~/Photos/ --dest backup:photos --delete
  driftline preview photos
  driftline run photos

Exit codes are rsync's: 0 success, 1 wrong usage, 4 stopped to protect your files, 10 no connection,
20 interrupted, 23 finished but not everything was transferred, 255 the server's identity or the login failed.
DRIFTLINE_HOME names the folder for settings. “driftline COMMAND --help” says more.
`;

export const COMMAND_HELP: Readonly<Record<string, string>> = {
  'host add': `Usage: driftline host add NAME --address ADDRESS [OPTION]…

  --address ADDRESS      host name or IP address
  --port PORT            default 22
  --user USER            default: your own name
  --key FILE             log in with this private key; its passphrase is asked for when needed
  --agent                log in with the keys of the SSH agent (default)
  --password-stdin       log in with the password on standard input, which goes to the system's keychain
  --fingerprint SHA256:… the server's key, as its administrator gave it
  --trust-first          connect now and trust the key the server shows
  --rsync-path PROGRAM   rsync on the server, if it is not on the PATH there

Examples:
  driftline host add nas --address 192.168.1.5 --user me --agent --trust-first
  pass show nas | driftline host add nas --address nas.lan --user me --password-stdin
`,
  'host list': 'Usage: driftline host list\n\nExample:\n  driftline host list --json\n',
  'host test': `Usage: driftline host test NAME

Connects, asks about an unknown server, logs in and looks for rsync.

Example:
  driftline host test nas
`,
  'host forget-key': `Usage: driftline host forget-key NAME

After a server was set up anew: forgets its accepted key and the password that was meant for it. The next
“driftline host test” shows the new key.

Example:
  driftline host forget-key nas
`,
  'host remove': `Usage: driftline host remove NAME

Forgets a host and its password. One that a profile uses stays.

Example:
  driftline host remove nas
`,
  'profile add': `Usage: driftline profile add NAME --source FOLDER --dest FOLDER [OPTION]…

One of the folders may be on a saved host: HOST:PATH. A slash at the end of the source means its contents.

  --contents             the contents of the source, not the folder itself
  --delete               remove from the destination what the source does not have
  --exclude PATTERN      leave out names that match; may be given several times
  --checksum             compare contents instead of size and time
  --update               keep files that are newer at the destination
  --numeric-ids          keep user and group numbers, not names
  --timeout SECONDS      give up when nothing arrives for so long; 0 = never, default 60

Examples:
  driftline profile add site --source ./public/ --dest web:/var/www/site --delete
  driftline profile add mail --source nas:Maildir --dest /backup --exclude '*.tmp' --exclude /cache/
`,
  'profile list': 'Usage: driftline profile list\n\nExample:\n  driftline profile list --json\n',
  'profile remove': `Usage: driftline profile remove NAME

Forgets a profile. No file is touched.

Example:
  driftline profile remove site
`,
  preview: `Usage: driftline preview NAME

Lists both sides and shows what a run would do, one line per item as rsync -i prints it. Changes nothing.

Example:
  driftline preview site | grep '^\\*deleting'
`,
  run: `Usage: driftline run NAME [--yes-delete]

  --yes-delete           also when more than half of the destination would be deleted

Example:
  driftline run site && echo done
`,
  serve: `Usage: driftline serve [--port PORT]

Opens the window to a browser on this machine and prints its address, which holds the key to it.

Example:
  driftline serve --port 8765
`,
};
