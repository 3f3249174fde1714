import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import {
  type Exchange,
  type LaunchedKernel,
  type LaunchOptions,
  launchKernel,
  type RequestOptions,
} from '../../../kernel-plugins/notebook-runner';

export const packageDir = resolve(__dirname, '../../..');
const main = join(packageDir, 'dist', 'kernel-plugins', 'kernel', 'main.js');

/** Starts the built kernel as Jupyter does. Needs `npm run build`. */
export function startKernel(options: Partial<LaunchOptions> = {}): Promise<LaunchedKernel> {
  if (!existsSync(main)) throw new Error(`wire tests need the built kernel at ${main}. Run \`npm run build\`.`);
  return launchKernel({
    argv: [process.execPath, ...kernelArguments('{connection_file}')],
    cwd: join(packageDir, 'test', 'kernel-plugins', 'kernel', 'fixtures'),
    startTimeoutMs: 60_000,
    ...options,
  });
}

/** What Node is given to run the built kernel. */
export const kernelArguments = (connectionFile: string): string[] => [main, connectionFile];

export const types = (exchange: Exchange): string[] => exchange.published.map((message) => message.header.msg_type);

export const contents = (exchange: Exchange, type: string) =>
  exchange.published.filter((message) => message.header.msg_type === type).map((message) => message.content);

export const printed = (exchange: Exchange, name = 'stdout'): string =>
  contents(exchange, 'stream')
    .filter((content) => content.name === name)
    .map((content) => content.text)
    .join('');

export const resultText = (exchange: Exchange): string | undefined =>
  contents(exchange, 'execute_result')[0]?.data['text/plain'];

/** Starts a cell and settles when it has printed `text`, so that what follows meets it while it runs. */
export async function executeUntil(
  client: LaunchedKernel['client'],
  text: string,
  code: string,
  options: RequestOptions = {},
): Promise<{ readonly exchange: Promise<Exchange> }> {
  let seen = '';
  let exchange: Promise<Exchange> | null = null;
  await new Promise<void>((resolve) => {
    exchange = client.execute(code, {
      ...options,
      onPublished(message) {
        options.onPublished?.(message);
        if (message.header.msg_type === 'stream') seen += message.content.text;
        if (seen.includes(text) || message.header.msg_type === 'error') resolve();
      },
    });
  });
  return { exchange: exchange! };
}

/** Runs a cell that must end without an error. */
export async function executed(kernel: LaunchedKernel, code: string): Promise<Exchange> {
  const exchange = await kernel.client.execute(code);
  const tracebacks = contents(exchange, 'error').map(({ traceback }) => traceback.join('\n'));
  expect(tracebacks, code).toEqual([]);
  return exchange;
}

export const delay = (ms: number) => new Promise((done) => setTimeout(done, ms));
