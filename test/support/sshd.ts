import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { peers } from './peers.ts';
import { freePort, listening } from './ports.ts';

export type HostKeyType = 'ed25519' | 'ecdsa' | 'rsa';

export interface SshdOptions {
  /** Default ed25519 alone. */
  hostKeys?: HostKeyType[];
  /** PAM with keyboard-interactive instead of the password method. */
  keyboardInteractive?: boolean;
  /** Makes an account with a password (needs root). Default true when root. */
  passwordUser?: boolean;
  maxAuthTries?: number;
  /** More sshd_config lines. */
  config?: string[];
}

/** A private sshd on loopback. */
export interface Sshd {
  host: '127.0.0.1';
  port: number;
  /** Who runs the tests; logs in with `keyPath` or `encryptedKeyPath`. */
  user: string;
  keyPath: string;
  encryptedKeyPath: string;
  passphrase: string;
  /** An account of its own that logs in with a password; '' where none could be made. */
  passwordUser: string;
  password: string;
  /** `SHA256:…` and public line of each host key, by type. */
  hostKeys: Record<string, { fingerprint: string; line: string }>;
  /** Fingerprint of the first host key type. */
  hostFingerprint: string;
  /** Lists every host key for `[127.0.0.1]:port`. */
  knownHostsFile: string;
  /** For stock ssh: `['ssh', ...sshArgs, host]`; joined by spaces it suits `rsync -e`. */
  sshArgs: string[];
  /** Processes serving connections now. */
  sessionPids(): number[];
  /** What sshd wrote to its log. */
  log(): string;
  /** Ends the server and its sessions and removes everything it made. */
  stop(): Promise<void>;
}

function keygen(file: string, type: HostKeyType, passphrase = ''): void {
  const size = type === 'rsa' ? ['-b', '2048'] : [];
  const args = ['-q', '-t', type, ...size, '-N', passphrase, '-C', `${type} test key`, '-f', file];
  execFileSync(peers().sshKeygen, passphrase === '' ? args : [...args, '-a', '4']);
}

/** All processes below `root`, from /proc. sshd's sessions leave its process group, so the tree is what counts. */
function descendants(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // pid (comm) state ppid …; comm may hold anything, so count from the last parenthesis
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // ended meanwhile
    }
  }
  const found: number[] = [];
  for (const queue = [root]; queue.length > 0;) {
    const next = children.get(queue.shift()!) ?? [];
    found.push(...next);
    queue.push(...next);
  }
  return found;
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ended meanwhile
  }
}

/** Starts a real sshd with its own keys and accounts. Always `await stop()`. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), 'driftline-sshd-'));
  // The password user has to reach its home below.
  chmodSync(folder, 0o711);
  const types = options.hostKeys ?? ['ed25519'];
  const isRoot = process.getuid?.() === 0;
  const passphrase = 'correct horse';
  const keyPath = join(folder, 'client_key');
  const encryptedKeyPath = join(folder, 'client_key_encrypted');
  keygen(keyPath, 'ed25519');
  keygen(encryptedKeyPath, 'ed25519', passphrase);
  for (const type of types) keygen(join(folder, `host_${type}`), type);
  const authorizedKeys = join(folder, 'authorized_keys');
  writeFileSync(
    authorizedKeys,
    readFileSync(`${keyPath}.pub`, 'utf8') + readFileSync(`${encryptedKeyPath}.pub`, 'utf8'),
  );
  chmodSync(authorizedKeys, 0o644);

  let passwordUser = '';
  const password = randomBytes(12).toString('hex');
  if (isRoot && options.passwordUser !== false) {
    passwordUser = `dl${randomBytes(4).toString('hex')}`;
    execFileSync('/usr/sbin/useradd', ['-m', '-d', join(folder, 'home'), '-s', '/bin/sh', passwordUser]);
    execFileSync('/usr/sbin/chpasswd', { input: `${passwordUser}:${password}\n` });
  }
  if (isRoot) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });

  const kbd = options.keyboardInteractive === true;
  const lines = (port: number): string[] => [
    // First mention wins in sshd_config, so what a test asks for comes first.
    ...(options.config ?? []),
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    ...types.map((type) => `HostKey ${join(folder, `host_${type}`)}`),
    `AuthorizedKeysFile ${authorizedKeys}`,
    `PidFile ${join(folder, 'sshd.pid')}`,
    'StrictModes no',
    `UsePAM ${kbd ? 'yes' : 'no'}`,
    `PasswordAuthentication ${kbd ? 'no' : 'yes'}`,
    `KbdInteractiveAuthentication ${kbd ? 'yes' : 'no'}`,
    'PermitRootLogin yes',
    `MaxAuthTries ${options.maxAuthTries ?? 6}`,
    'MaxStartups 100',
    'PrintMotd no',
    'UseDNS no',
    'LogLevel VERBOSE',
    'Subsystem sftp internal-sftp',
  ];

  let log = '';
  let child: ChildProcess | null = null;
  let port = 0;
  for (let attempt = 0; child === null; attempt++) {
    port = await freePort();
    const config = join(folder, 'sshd_config');
    writeFileSync(config, `${lines(port).join('\n')}\n`);
    const started = spawn(peers().sshd, ['-D', '-e', '-f', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    started.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-65_536)));
    if (await listening(port, started)) child = started;
    // Somebody may have taken the port between the probe and sshd's bind.
    else if (attempt >= 4) throw new Error(`sshd did not start:\n${log}`);
  }
  const server = child;
  const pid = server.pid!;

  const hostKeys: Sshd['hostKeys'] = {};
  const knownHosts: string[] = [];
  for (const type of types) {
    const file = join(folder, `host_${type}.pub`);
    const line = readFileSync(file, 'utf8').split(' ').slice(0, 2).join(' ');
    const listed = execFileSync(peers().sshKeygen, ['-l', '-E', 'sha256', '-f', file], { encoding: 'utf8' });
    hostKeys[type] = { fingerprint: listed.split(' ')[1]!, line };
    knownHosts.push(`[127.0.0.1]:${port} ${line}`);
  }
  const knownHostsFile = join(folder, 'known_hosts');
  writeFileSync(knownHostsFile, `${knownHosts.join('\n')}\n`);

  let stopped = false;
  const killAll = (): void => {
    const sessions = descendants(pid);
    kill(pid, 'SIGTERM');
    for (const session of sessions) kill(session, 'SIGKILL');
  };
  const remove = (): void => {
    // -f: also while a last process of the account is being reaped
    if (passwordUser !== '') execFileSync('/usr/sbin/userdel', ['-f', passwordUser], { stdio: 'ignore' });
    rmSync(folder, { recursive: true, force: true });
  };
  // A test that timed out never gets to stop().
  const onExit = (): void => {
    killAll();
    remove();
  };
  process.once('exit', onExit);
  return {
    host: '127.0.0.1',
    port,
    user: userInfo().username,
    keyPath,
    encryptedKeyPath,
    passphrase,
    passwordUser,
    password,
    hostKeys,
    hostFingerprint: hostKeys[types[0]!]!.fingerprint,
    knownHostsFile,
    sshArgs: [
      ...['-F', '/dev/null', '-p', String(port), '-i', keyPath],
      ...['IdentitiesOnly=yes', 'BatchMode=yes', `UserKnownHostsFile=${knownHostsFile}`].flatMap((o) => ['-o', o]),
    ],
    sessionPids: () => descendants(pid),
    log: () => log,
    async stop() {
      if (stopped) return;
      stopped = true;
      process.off('exit', onExit);
      const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
      killAll();
      if (server.exitCode === null && server.signalCode === null) await ended;
      remove();
    },
  };
}
