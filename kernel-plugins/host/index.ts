export { escapeHtml } from '../../src/analysis/frame/escape-html';
export {
  Comm,
  type CommData,
  type CommHandler,
  type CommOptions,
  commsAvailable,
  onTarget,
  openComm,
  type TargetHandler,
} from './comms';
export { clearOutput, type DisplayHandle, display, displayBundle } from './display';
export {
  type Displayable,
  displaySymbol,
  encodeBytes,
  isDisplayable,
  type MimeBundle,
  type RichBundle,
} from './mime-bundle';
export { type Formatter, type PluginContext, PluginHost, type RegisterPlugin } from './plugin-host';
export { type ProgressBarOptions, progressBar, progressLine } from './progress-bar';
export { currentSink, type DisplaySink, installSink, terminalSink } from './sink';
