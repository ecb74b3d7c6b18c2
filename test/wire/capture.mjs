#!/usr/bin/env node
/**
 * Captures what two real rsyncs say to each other and writes fixtures/NAME.json for each case of cases.mjs:
 *
 *     sudo node test/wire/capture.mjs [NAME…]
 *
 * rsync runs with this same script as its remote shell (`--shell`), which starts the real `rsync --server …` and keeps a
 * copy of both directions. Needs root (owners, device nodes), rsync ≥ 3.2.3 and GNU touch. Sizes of directories and the
 * order of listings are the file system's, so fixtures made elsewhere differ in those.
 */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { CASES, DEFAULT_TIME } from './cases.mjs';

const SELF = fileURLToPath(import.meta.url);
const FIXTURES = join(SELF, '../fixtures');

/** @param {string} text one character per byte */
const bytes = (text) => Buffer.from(text, 'latin1');

/** The remote shell's part: `capture.mjs --shell HOST rsync --server …`. @param {string[]} args */
function shell(args) {
  const keep = process.env.CAPTURE_DIR ?? '.';
  const drop = process.env.CAPTURE_DROP ?? '';
  const command = args.map((word) =>
    word.replace(
      /^(-[a-zA-Z]*e\.)([a-zA-Z]+)$/,
      (_, start, letters) => start + [...letters].filter((c) => !drop.includes(c)).join(''),
    ),
  );
  fs.writeFileSync(join(keep, 'command.json'), JSON.stringify(command));
  const toServer = fs.createWriteStream(join(keep, 'to-server'));
  const toClient = fs.createWriteStream(join(keep, 'to-client'));
  const server = spawn(command[0] ?? '', command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
  process.stdin.pipe(server.stdin);
  process.stdin.pipe(toServer);
  server.stdout.pipe(process.stdout);
  server.stdout.pipe(toClient);
  server.stdin.on('error', () => {});
  server.on('close', (code) => {
    toServer.end();
    toClient.end(() => process.exit(code ?? 255));
  });
}

/** @param {string} program @param {(string | Buffer)[]} args */
function run(program, ...args) {
  // Node takes arguments as UTF-16; names that are not UTF-8 go through the shell's own quoting.
  const line = [program, ...args].map(
    (arg) => `$'${[...Buffer.from(arg)].map((b) => `\\x${b.toString(16).padStart(2, '0')}`).join('')}'`,
  );
  const result = spawnSync('bash', ['-c', line.join(' ')]);
  if (result.status !== 0) throw new Error(`${program} failed: ${result.stderr}`);
}

/** @param {Buffer} root @param {Buffer} path @param {import('./cases.mjs').Node} node */
function makeNode(root, path, node) {
  if (node.dir) fs.mkdirSync(path);
  else if (node.link !== undefined) fs.symlinkSync(bytes(node.link), path);
  else if (node.same !== undefined) fs.linkSync(Buffer.concat([root, bytes(node.same)]), path);
  else if (node.fifo) run('mkfifo', path);
  else if (node.device) run('mknod', path, node.device[0], String(node.device[1]), String(node.device[2]));
  else if (node.socket) {
    const script = 'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))';
    spawnSync(process.execPath, ['-e', script, path.toString()]);
  } else {
    fs.writeFileSync(path, bytes(node.text ?? ''));
    if (node.size !== undefined) fs.truncateSync(path, node.size);
  }
}

/** @param {string} root @param {import('./cases.mjs').Node[]} nodes */
function makeTree(root, nodes) {
  fs.mkdirSync(root);
  const all = [{ name: '.', dir: true }, ...nodes];
  for (const node of nodes) makeNode(bytes(`${root}/`), Buffer.concat([bytes(`${root}/`), bytes(node.name)]), node);
  for (const node of all.reverse()) {
    const path = Buffer.concat([bytes(`${root}/`), bytes(node.name)]);
    const [uid, gid] = node.owner ?? [0, 0];
    fs.lchownSync(path, uid, gid);
    if (node.link === undefined) fs.chmodSync(path, node.mode ?? (node.dir ? 0o755 : 0o644));
    run('touch', '-h', '-d', `@${node.time ?? DEFAULT_TIME}`, path);
  }
}

/** @param {Buffer} path @param {string} name what the list calls it */
function describe(path, name) {
  const stat = fs.lstatSync(path, { bigint: true });
  const seconds =
    stat.mtimeNs >= 0n ? stat.mtimeNs / 1_000_000_000n : -((999_999_999n - stat.mtimeNs) / 1_000_000_000n);
  const plain = stat.isFile() || stat.isDirectory() || stat.isSymbolicLink();
  return {
    name,
    mode: Number(stat.mode),
    size: plain ? Number(stat.size) : 0,
    mtime: Number(seconds),
    nsec: Number(stat.mtimeNs - seconds * 1_000_000_000n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    ...(stat.isSymbolicLink() ? { link: fs.readlinkSync(path, { encoding: 'latin1' }) } : {}),
    ...(stat.isBlockDevice() || stat.isCharacterDevice()
      ? { rdev: [Number((stat.rdev >> 8n) & 0xfffn), Number((stat.rdev & 0xffn) | ((stat.rdev >> 12n) & 0xfff00n))] }
      : {}),
  };
}

/** @param {string} file */
const hexLines = (file) =>
  fs
    .readFileSync(file)
    .toString('hex')
    .match(/.{1,100}/g) ?? [];

/** @param {import('./cases.mjs').Case} test */
async function capture(test) {
  const scratch = fs.mkdtempSync(join(tmpdir(), 'capture-'));
  try {
    fs.chmodSync(scratch, 0o777);
    for (const [name, nodes] of Object.entries(test.trees)) makeTree(join(scratch, name), nodes);
    const entries = test.order.map((name) => describe(bytes(join(scratch, test.from?.[name] ?? `src/${name}`)), name));
    const sources = test.sources ?? ['src/'];
    const args = [
      ...test.args,
      ...[`--protocol=${test.protocol}`, '--checksum-seed=1'],
      ...(test.push ? [...sources, 'host:dst/'] : [...sources.map((source) => `host:${source}`), 'dst/']),
    ];
    const keep = join(scratch, 'capture');
    fs.mkdirSync(keep, { mode: 0o777 });
    fs.chmodSync(keep, 0o777);
    const client = spawnSync('rsync', args, {
      cwd: scratch,
      env: {
        PATH: process.env.PATH,
        LC_ALL: 'C',
        RSYNC_RSH: `'${process.execPath}' '${SELF}' --shell`,
        CAPTURE_DIR: keep,
        CAPTURE_DROP: test.dropLetters ?? '',
      },
      ...(test.uid === undefined ? {} : { uid: test.uid, gid: test.uid }),
    });
    if (client.status !== (test.exit ?? 0)) throw new Error(`${test.name}: exit ${client.status}: ${client.stderr}`);
    const command = JSON.parse(fs.readFileSync(join(keep, 'command.json'), 'utf8'));
    const fixture = {
      about: test.about,
      client: `rsync ${args.join(' ')}`,
      server: command.join(' '),
      push: test.push,
      protocol: test.protocol,
      layout: test.layout,
      sumName: test.sumName,
      rules: !test.push || test.rules === true,
      dryRun: test.dryRun === true,
      entries,
      toServer: hexLines(join(keep, 'to-server')),
      toClient: hexLines(join(keep, 'to-client')),
    };
    const file = join(FIXTURES, `${test.name}.json`);
    const json = JSON.stringify({ rsync: version(), ...fixture });
    fs.writeFileSync(file, await format(json, { parser: 'json', printWidth: 120 }));
    console.log(
      `${test.name}: ${fs.statSync(join(keep, 'to-server')).size} + ${fs.statSync(join(keep, 'to-client')).size} bytes`,
    );
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

function version() {
  const text = spawnSync('rsync', ['--version'], { encoding: 'utf8' }).stdout;
  return /version (\S+)/.exec(text)?.[1] ?? 'unknown';
}

const [first, ...rest] = process.argv.slice(2);
if (first === '--shell') shell(rest.slice(1));
else {
  fs.mkdirSync(FIXTURES, { recursive: true });
  const wanted = process.argv.slice(2);
  for (const test of CASES) if (wanted.length === 0 || wanted.includes(test.name)) await capture(test);
}
