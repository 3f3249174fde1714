import { createHash } from 'node:crypto';
import { connect, createServer } from 'node:net';

/**
 * One set-up a folder at a time. The lock is a Linux abstract socket named after the folder: the kernel binds it for
 * one process only and drops it when that process ends, however it ends, so there is no stale lock to judge. Whoever
 * comes second connects, is told the holder's process id, and waits for the connection to close.
 */
export async function takeSetupLock(root, onWait = () => {}) {
  const path = `\0mstlab-setup-${createHash('sha256').update(root).digest('hex').slice(0, 32)}`;
  let told = false;
  for (;;) {
    const server = await bind(path);
    if (server !== null) return { release: () => release(server) };
    await waitForHolder(path, (pid) => {
      if (!told) onWait(pid);
      told = true;
    });
  }
}

function bind(path) {
  return new Promise((resolve, reject) => {
    const waiting = new Set();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => waiting.delete(socket));
      socket.unref();
      socket.write(`${process.pid}\n`);
    });
    server.waiting = waiting;
    server.once('error', (error) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen({ path }, () => {
      server.unref();
      resolve(server);
    });
  });
}

function waitForHolder(path, onPid) {
  return new Promise((resolve) => {
    const socket = connect({ path });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) onPid(Number(text.trim()));
    });
    socket.on('error', () => {});
    // A short pause keeps a holder that is just closing from being asked in a tight loop.
    socket.on('close', () => setTimeout(resolve, 50));
  });
}

function release(server) {
  for (const socket of server.waiting) socket.destroy();
  return new Promise((resolve) => server.close(resolve));
}
