import { Session } from 'node:inspector';
import { Socket } from 'node:net';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

/** The pipe on which the front asks for a forced stop: file descriptor 4 of the execution process. */
const commandFd = 4;

/**
 * A thread beside the one that runs cells. One byte on the pipe ends whatever JavaScript the main thread is in, also a
 * `while (true)` after an `await`, which signals cannot reach; the end of the pipe means that the front is gone.
 * `terminated[0]` counts the forced stops.
 */
export function startWatchdog(terminated: Int32Array): Worker {
  const worker = new Worker(__filename, { workerData: { terminated } });
  worker.unref();
  return worker;
}

function watch(terminated: Int32Array): void {
  // A socket, not a file stream: a blocking read in Node's thread pool would keep the process from exiting.
  const pipe = new Socket({ fd: commandFd, readable: true, writable: false });
  pipe.on('data', () => {
    Atomics.add(terminated, 0, 1);
    // Connected only for the moment: a process with an open session waits for "the debugger" before it exits.
    const session = new Session();
    session.connectToMainThread();
    session.post('Runtime.terminateExecution', () => session.disconnect());
  });
  pipe.on('error', () => process.kill(process.pid, 'SIGKILL'));
  pipe.on('end', () => process.kill(process.pid, 'SIGKILL'));
}

if (!isMainThread && workerData?.terminated) watch(workerData.terminated);
