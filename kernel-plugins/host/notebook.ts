/** What a notebook imports as `mstlab/notebook`: displays, questions, comms, progress, figures and frames, in any kernel and in a terminal. */

export { escapeHtml } from '../../src/analysis/frame/escape-html';
export { type AskOptions, password, prompt } from './ask';
export { Comm, type CommData, type CommOptions, commsAvailable, onTarget, openComm } from './comms';
export { clearOutput, type DisplayHandle, display, displayBundle } from './display';
export { type LabelTextsOptions, type LabelTextsResult, labelTexts, type TextOfSheet } from './labelling';
export { type Displayable, displaySymbol, type MimeBundle, type RichBundle } from './mime-bundle';
export { type ProgressBarOptions, progressBar } from './progress-bar';
export { liveFigure, type ShowLiveFigure, showExamples, showFigure, showFrame, showImage, showTexts } from './show';
export * as widgets from './widgets';
