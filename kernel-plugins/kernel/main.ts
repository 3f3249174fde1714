import { Kernel } from './kernel';
import { placesFor } from './places';
import { readConnection } from './protocol';

/** `node dist/kernel-plugins/kernel/main.js {connection_file}`, started by Jupyter in the notebook's folder. */
async function main(): Promise<void> {
  const connectionFile = process.argv[2];
  if (!connectionFile) {
    process.stderr.write(
      'mstlab kernel: the path of a connection file must be given, got none. Jupyter starts the kernel; `npm run lab` opens JupyterLab.\n',
    );
    process.exit(2);
  }
  const log = (text: string) => process.stderr.write(`${text}\n`);
  const places = placesFor(process.cwd());
  const connection = readConnection(connectionFile);
  // tslab takes the working directory as TypeScript's root; the execution process gets the notebook's folder.
  process.chdir(places.rootDir);
  const kernel = await Kernel.start(connection, places, log);
  process.on('SIGINT', () => kernel.interrupt());
  const end = () => void kernel.close().then(() => process.exit(0));
  process.on('SIGTERM', end);
  if (process.env.JPY_PARENT_PID) endWithParent(end);
  process.on('uncaughtException', (error) => log(`mstlab kernel: ${error.stack ?? error.message}`));
}

/** A Jupyter server that was killed cannot ask its kernels to end; they notice that their parent is another one. */
function endWithParent(end: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    end();
  }, 1_000);
  timer.unref();
}

main().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
