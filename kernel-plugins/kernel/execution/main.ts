import { secretKeeper } from '../../../src/judge/calls/key';
import { installAskTransport, prompt } from '../../host/ask';
import { registerBuiltinFormatters } from '../../host/builtin-formatters';
import { installCommTransport, receiveComm } from '../../host/comms';
import { PluginHost } from '../../host/plugin-host';
import { installSink } from '../../host/sink';
import { generalMagics } from '../../magics/general';
import { registerLabMagics } from '../../magics/lab';
import { CellRunner } from './cell-runner';
import { installFetch } from './fetch';
import type { FromExecution, ToExecution } from './ipc';
import { completeOption, installMagics } from './magic-runner';
import { CellModules } from './modules';
import { CellOutput } from './output';
import { installPauses } from './pauses';
import { Questions } from './questions';
import { Secrets } from './secrets';
import { CellTimers } from './timers';
import { startWatchdog } from './watchdog';

/** How often the front hears that the event loop turns; its longest pause tells how long a training step takes. */
const beatMs = 200;

/** The execution process: runs cells, knows nothing of the protocol. Arguments: the notebook's folder, this package's folder. */
function main(notebookDir: string, packageDir: string): void {
  const send = (message: FromExecution) => {
    if (process.connected) process.send!(message);
  };
  const secrets = new Secrets((text) => send({ type: 'secret', text }));
  const post = (message: FromExecution) => {
    // Cells and what they call may set a key at any time, and have it shown at once.
    if (message.type !== 'beat') secrets.learnEnvironment(process.env, message.type !== 'done');
    for (const passed of secrets.pass(message)) send(passed);
  };
  secrets.learnEnvironment(process.env);
  secrets.learnFiles(process.env);
  keepSecrets((text) => secrets.add(text));
  const output = new CellOutput(post);
  const terminated = new Int32Array(new SharedArrayBuffer(4));
  setInterval(() => post({ type: 'beat' }), beatMs).unref();

  const timers = new CellTimers();
  const plugins = new PluginHost();
  plugins.register('builtin', registerBuiltinFormatters);
  const displays = new Set<Promise<unknown>>();
  const modules = new CellModules(notebookDir, packageDir);
  const runner = new CellRunner(notebookDir, modules, output, timers, plugins, displays, terminated);

  output.captureProcessStreams();
  timers.install();
  installFetch(() => runner.signal());
  installPauses(() => runner.signal());
  installSink({
    kind: 'kernel',
    present: (value) => plugins.present(value),
    display: (bundle, displayId, update) => output.send({ type: 'display', bundle, displayId, update }),
    clear: (wait) => output.send({ type: 'clear', wait }),
    track: (work) => {
      const settled = work.catch(() => {}).finally(() => displays.delete(settled));
      displays.add(settled);
    },
  });

  const questions = new Questions(
    (message) => output.send(message),
    () => runner.signal(),
    (text) => secrets.add(text),
  );
  installAskTransport(questions);
  Object.defineProperty(globalThis, 'prompt', { value: prompt, configurable: true, writable: true });
  installCommTransport({ send: (message) => output.send({ type: 'comm', message }) });

  plugins.register(
    'general',
    generalMagics({
      host: plugins,
      notebookDir,
      variables: () => runner.variables(),
      importModule: (id) => modules.import(id),
      forgetModule: (id) => modules.forgetModule(id),
    }),
  );
  plugins.register('lab', registerLabMagics);
  installMagics({
    host: plugins,
    send: (message) => output.send(message),
    print: (text) => output.write('stdout', text),
    signal: () => runner.signal(),
    atCellEnd: (callback) => runner.atCellEnd(callback),
  });

  // Jupyter signals the whole process group; the front decides what an interrupt means and says so by message.
  process.on('SIGINT', () => {});
  process.on('disconnect', () => process.exit(0));
  process.on('exit', () => {
    output.flush();
    for (const message of secrets.release()) send(message);
  });
  process.on('uncaughtException', (error) => output.write('stderr', `Uncaught in a callback: ${stackOf(error)}\n`));
  process.on('unhandledRejection', (error) => output.write('stderr', `Unhandled rejection: ${stackOf(error)}\n`));
  process.on('message', (message: ToExecution) => {
    switch (message.type) {
      case 'execute':
        secrets.learnFiles(process.env);
        return runner.execute(message);
      case 'interrupt':
        return runner.interrupt();
      case 'input':
        return questions.answer(message);
      case 'complete':
        void completeOption(plugins, message).then(post);
        return;
      case 'comm': {
        const { id } = message;
        runner.startAside();
        void receiveComm(message.message).then(() => output.send({ type: 'comm-handled', id }));
      }
    }
  });

  startWatchdog(terminated);
  post({ type: 'ready' });
}

/** The library says here which keys it was given: see `KeySource`. */
function keepSecrets(keep: (text: string) => void): void {
  Object.defineProperty(globalThis, secretKeeper, { value: keep, configurable: true, writable: true });
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

main(process.argv[2], process.argv[3]);
