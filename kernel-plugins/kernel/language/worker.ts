import { parentPort, workerData } from 'node:worker_threads';
import { CellLanguage } from './cell-language';
import type { LanguageReply, LanguageRequest } from './language-service';

/** The thread that holds TypeScript, so that the front's sockets never wait for a type check. */
const language = new CellLanguage(workerData);
const port = parentPort!;
// The first conversion reads TypeScript's libraries; better now than in the user's first cell.
language.convert('console.log(0)');

port.on('message', ({ id, method, args }: LanguageRequest) => {
  let reply: LanguageReply;
  try {
    // biome-ignore lint/suspicious/noExplicitAny: method and arguments were typed where the request was made.
    reply = { id, value: (language as any)[method](...args) };
  } catch (error) {
    reply = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  port.postMessage(reply);
});
