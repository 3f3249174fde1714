export { escapeHtml } from '../../src/analysis/frame/escape-html';
export { type AskOptions, type AskTransport, installAskTransport, password, prompt } from './ask';
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
  type CompletionSource,
  defineMagic,
  type Magic,
  type MagicCall,
  type MagicDefinition,
  type MagicInfo,
  type OptionInfo,
  type OptionMeta,
  type Prelude,
} from './magic';
export { parseMagicArguments } from './magic-arguments';
export { magicHelp, magicHelpHtml } from './magic-help';
export { quoteWord, splitWords } from './magic-words';
export {
  type Displayable,
  displaySymbol,
  encodeBytes,
  isDisplayable,
  type MimeBundle,
  type RichBundle,
} from './mime-bundle';
export {
  type Formatter,
  type PluginContext,
  PluginHost,
  type RegisteredMagic,
  type RegisterPlugin,
} from './plugin-host';
export { type ProgressBarOptions, progressBar, progressLine } from './progress-bar';
export { findMagic, type MagicCell, type MagicLine, runMagic } from './run-magic';
export { currentSink, type DisplaySink, installSink, terminalSink } from './sink';
