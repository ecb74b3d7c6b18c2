import type { ByteString } from '../../shared/model/path.ts';
import { serve as serveRsync } from './serve.ts';
import type { ServerSide } from './transport/server-side.ts';
import { type SshServer, startSshServer } from './transport/ssh-server.ts';
import { PROTOCOL_MAX } from './wire/constants.ts';

export interface EmbeddedServerOptions {
  /** Answered to `rsync --version`. */
  version: string;
  /** The folder that is all the server has, or null for what this process may reach. */
  root: ByteString | null;
  /** Journals of temporary files, or null for none. */
  journalDir: ByteString | null;
  /** Plays `rsync --server`; the engine's own by default. A test wraps it to break something. */
  serve?: typeof serveRsync;
  /** Serves another program; false = there is no such program. */
  other?: (program: ByteString, words: readonly ByteString[], side: ServerSide) => boolean;
}

/**
 * An SSH server on loopback that has one program, `rsync`, which is this engine. Everything else is refused as a shell
 * would refuse it.
 */
export function startEmbeddedServer(options: EmbeddedServerOptions): Promise<SshServer> {
  const { version, root, journalDir, serve = serveRsync, other } = options;
  return startSshServer({
    onExec({ argv, side }) {
      const [program = '', ...words] = argv;
      if (program === 'rsync' && words[0] === '--server') {
        void serve(side, words, { journalDir, ...(root === null ? {} : { root }) });
      } else if (program === 'rsync' && words[0] === '--version' && words.length === 1) {
        side.stream.write(`driftline rsync  version ${version}  protocol version ${PROTOCOL_MAX}\n`);
        side.exit(0);
      } else if (other?.(program, words, side) !== true) {
        side.stderr?.write('This server only runs rsync.\n');
        side.exit(127);
      }
    },
  });
}
