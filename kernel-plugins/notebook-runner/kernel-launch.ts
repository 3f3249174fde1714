import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MachineError } from '../../src/core';
import type { Connection, Message } from '../kernel/protocol';
import { KernelClient, writeConnectionFile } from './kernel-client';

export interface LaunchOptions {
  /** The command line, with `{connection_file}` where the connection file goes. */
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The folder of the notebook. */
  readonly cwd: string;
  readonly onAnyPublished?: (message: Message) => void;
  readonly onLog?: (text: string) => void;
  readonly startTimeoutMs?: number;
}

export interface LaunchedKernel {
  readonly client: KernelClient;
  /** For further clients. */
  readonly connection: Connection;
  readonly process: ChildProcess;
  /** `SIGINT` to the kernel, as Jupyter does for `interrupt_mode: signal`. */
  interrupt(): void;
  /** Asks the kernel to shut down, ends it by force after `timeoutMs`; returns the milliseconds it took. */
  shutdown(timeoutMs?: number): Promise<number>;
}

/** Starts a kernel and waits until it answers. Throws MachineError with the kernel's last words if it does not. */
export async function launchKernel(options: LaunchOptions): Promise<LaunchedKernel> {
  const dir = mkdtempSync(join(tmpdir(), 'mstlab-kernel-'));
  const connectionFile = join(dir, 'connection.json');
  const connection = await writeConnectionFile(connectionFile);
  const [command, ...args] = options.argv.map((part) => part.replace('{connection_file}', connectionFile));
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, JPY_PARENT_PID: String(process.pid), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString('utf8')).slice(-8_192);
      options.onLog?.(chunk.toString('utf8'));
    });

  const client = new KernelClient(connection, options.onAnyPublished);
  const exited = new Promise<void>((resolve) => {
    const end = (why: string) => {
      client.fail(
        new MachineError(
          `launchKernel: the kernel must stay alive, got ${why} (from ${options.argv.join(' ')}). It last wrote:\n${log || '(nothing)'}\nRun \`npm run doctor\`.`,
        ),
      );
      resolve();
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(signal ? `ended by ${signal}` : `exit code ${code}`));
  });

  const stop = async () => {
    client.close();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await client.ready(options.startTimeoutMs ?? 30_000);
  } catch (error) {
    child.kill('SIGKILL');
    await stop();
    throw error;
  }
  return {
    client,
    connection,
    process: child,
    interrupt: () => void child.kill('SIGINT'),
    async shutdown(timeoutMs = 5_000) {
      const startedMs = performance.now();
      if (child.exitCode === null && child.signalCode === null) {
        client.request('shutdown_request', { restart: false }, { channel: 'control' }).catch(() => {});
        const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
        await exited;
        clearTimeout(timer);
      }
      await stop();
      return performance.now() - startedMs;
    },
  };
}

/** The command line and environment of an installed kernelspec folder (the one that holds kernel.json). */
export function readKernelspec(dir: string): { argv: string[]; env: Record<string, string>; displayName: string } {
  const path = join(dir, 'kernel.json');
  try {
    const spec = JSON.parse(readFileSync(path, 'utf8'));
    return { argv: spec.argv, env: spec.env ?? {}, displayName: spec.display_name };
  } catch (error) {
    throw new MachineError(
      `readKernelspec: a kernelspec must hold a kernel.json, got ${String(error)} (from ${path}). Run \`npm start\` once, which installs the kernel.`,
    );
  }
}
