export { checkNotebook, type NotebookProblem } from './checks';
export { type Exchange, KernelClient, type RequestOptions, writeConnectionFile } from './kernel-client';
export { type LaunchedKernel, type LaunchOptions, launchKernel, readKernelspec } from './kernel-launch';
export { type Notebook, type NotebookCell, type Output, readNotebook, writeNotebook } from './notebook-file';
export { type ParameterValue, setParameters } from './parameters';
export {
  installedKernel,
  type KernelCommand,
  type NotebookRun,
  type RunNotebookOptions,
  runNotebook,
} from './run-notebook';
export { TerminalView } from './terminal-view';
