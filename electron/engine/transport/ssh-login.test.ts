import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import ssh2, { type AuthContext, type Prompt } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { connectSsh } from './ssh.ts';
import { newHostKey } from './ssh-server.ts';
import { type LoginQuestion, NO_PROMPTS, type SshPrompts } from './ssh-target.ts';

const servers: ssh2.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that asks these rounds of questions by keyboard-interactive and wants these answers. */
async function asking(rounds: [prompts: Prompt[], answers: string[]][]): Promise<number> {
  const { private: key } = newHostKey();
  const server = new ssh2.Server({ hostKeys: [key] }, (client) => {
    client.on('error', () => {});
    client.on('authentication', (context: AuthContext) => {
      if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
      const round = (index: number): void => {
        const next = rounds[index];
        if (next === undefined) return context.accept();
        context.prompt(next[0], 'login', 'please', (given) => {
          if (JSON.stringify(given) === JSON.stringify(next[1])) round(index + 1);
          else context.reject();
        });
      };
      round(0);
    });
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function logIn(port: number, answers?: (question: LoginQuestion) => string[] | null): Promise<string> {
  const prompts: SshPrompts = {
    ...{ hostKey: () => Promise.resolve('accept-once'), secret: () => Promise.resolve('s3cret') },
    ...(answers && { answers: (question) => Promise.resolve(answers(question)) }),
  };
  const target = { host: '127.0.0.1', port, user: 'sam', auth: [{ kind: 'password' as const }] };
  try {
    const options = { prompts: { ...NO_PROMPTS, ...prompts }, knownHosts: { own: null, readOnly: [] } };
    (await connectSsh(target, options)).close();
    return '';
  } catch (error) {
    if (error instanceof DriftlineError) return error.message;
    throw error;
  }
}

describe('a login that asks', () => {
  const password: [Prompt[], string[]] = [[{ prompt: 'Password: ', echo: false }], ['s3cret']];

  it('for the password alone gets it', async () => {
    expect(await logIn(await asking([password]))).toBe('');
  });

  it('for more in a second round gets it from the person', async () => {
    const asked: LoginQuestion[] = [];
    const port = await asking([
      password,
      [
        [
          { prompt: 'Code: ', echo: false },
          { prompt: 'Site\x1b: ', echo: true },
        ],
        ['123', 'here'],
      ],
      [[], []],
    ]);
    const outcome = await logIn(port, (question) => {
      asked.push(question);
      return ['123', 'here'];
    });
    expect(outcome).toBe('');
    expect(asked).toEqual([
      {
        ...{ host: '127.0.0.1', user: 'sam', title: 'login', instructions: 'please' },
        fields: [
          { label: 'Code:', echo: false },
          { label: expect.not.stringContaining('\x1b') as string, echo: true },
        ],
      },
    ]);
  });

  it('for several things at once gets the password by its name', async () => {
    const port = await asking([
      [
        [
          { prompt: "sam's password:", echo: false },
          { prompt: 'Token', echo: false },
        ],
        ['s3cret', 't'],
      ],
    ]);
    expect(await logIn(port, ({ fields }) => fields.map(({ label }) => (label === 'Token' ? 't' : 'wrong')))).toBe('');
  });

  it('for a code first does not get the password', async () => {
    const port = await asking([[[{ prompt: 'Verification code: ', echo: false }], ['42']], password]);
    expect(await logIn(port, () => ['42'])).toBe('');
    const first = await asking([[[{ prompt: 'Verification code: ', echo: false }], ['42']]]);
    expect(await logIn(first, () => ['42'])).toBe('');
  });

  it('is refused with its question where nobody can answer, or nobody does', async () => {
    const rounds: [Prompt[], string[]][] = [password, [[{ prompt: 'Code: ', echo: false }], ['123']]];
    expect(await logIn(await asking(rounds))).toContain('asks a question that was not answered: Code:');
    expect(await logIn(await asking(rounds), () => null)).toContain('asks a question that was not answered: Code:');
  });
});
