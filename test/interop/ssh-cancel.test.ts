import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectTo, errorOf } from '../support/ssh-client.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const CANCELLED = { kind: 'cancelled', code: 'cancelled', exitCode: 20 };
const never = <T>(): Promise<T> => new Promise(() => {});

describe('cancelling', () => {
  it('works before the start and while connecting', async () => {
    expect(await errorOf(connectTo(sshd, { signal: AbortSignal.abort() }))).toMatchObject(CANCELLED);
    const controller = new AbortController();
    const connecting = errorOf(connectTo(sshd, { signal: controller.signal }));
    controller.abort();
    expect(await connecting).toMatchObject(CANCELLED);
  });

  it('works while a person is asked about the host key', async () => {
    const controller = new AbortController();
    const hostKey = () => {
      controller.abort();
      return never<'accept-once'>();
    };
    const knownHosts = { own: null, readOnly: [] };
    const error = await errorOf(connectTo(sshd, { signal: controller.signal, prompts: { hostKey }, knownHosts }));
    expect(error).toMatchObject(CANCELLED);
  });

  it('works while a person is asked for a password', async () => {
    const controller = new AbortController();
    const secret = () => {
      controller.abort();
      return never<string>();
    };
    const error = await errorOf(
      connectTo(sshd, { signal: controller.signal, auth: [{ kind: 'password' }], prompts: { secret } }),
    );
    expect(error).toMatchObject(CANCELLED);
  });

  it('works while the server judges a password', async () => {
    const controller = new AbortController();
    const secret = () => {
      // The answer goes out first; the abort overtakes the server's verdict.
      setImmediate(() => controller.abort());
      return Promise.resolve('wrong');
    };
    const error = await errorOf(
      connectTo(sshd, { signal: controller.signal, auth: [{ kind: 'password' }], prompts: { secret } }),
    );
    expect(error).toMatchObject(CANCELLED);
  });

  it('works while a command is being started', async () => {
    const controller = new AbortController();
    const connection = await connectTo(sshd, { signal: controller.signal });
    const starting = errorOf(connection.exec('true'));
    const measuring = errorOf(connection.roundTripMs());
    controller.abort();
    expect(await starting).toMatchObject(CANCELLED);
    expect(await measuring).toMatchObject(CANCELLED);
    expect((await connection.closed)?.data).toMatchObject(CANCELLED);
    expect(await errorOf(connection.exec('true'))).toMatchObject(CANCELLED);
  });

  it('works in the middle of a transfer, for the reader and for a blocked writer', async () => {
    const controller = new AbortController();
    const connection = await connectTo(sshd, { signal: controller.signal });
    const reading = await connection.exec('cat /dev/zero');
    const writing = await connection.exec('sleep 60');
    // More than the server's window and the program's pipe can take: never drained.
    for (let i = 0; i < 200; i++) writing.stream.write(Buffer.alloc(65_536));
    const blocked = errorOf(once(writing.stream, 'drain'));
    await once(reading.stream, 'readable');
    const read = errorOf(once(reading.stream, 'end'));
    controller.abort();
    expect(await read).toMatchObject(CANCELLED);
    expect(await blocked).toMatchObject(CANCELLED);
    expect(await reading.exit).toEqual({ code: null, signal: null });
    connection.close();
  });

  it('closes at once what is open when the connection is closed', async () => {
    const connection = await connectTo(sshd);
    const transport = await connection.exec('sleep 60');
    const failed = errorOf(once(transport.stream, 'end'));
    connection.close();
    connection.close();
    expect(await failed).toMatchObject(CANCELLED);
    expect(await transport.exit).toEqual({ code: null, signal: null });
    expect(await connection.closed).toBeNull();
  });
});
