export { escapeHtml, visibleText } from './escape-html';
export { frameCsv, frameJsonl } from './frame-files';
export { type FrameHtmlOptions, frameHtml } from './frame-html';
export { type Cell, type Columns, frameOf } from './frame-of';
export { type FramePlainOptions, framePlain } from './frame-plain';
export { frameParquet } from './parquet';
export { columnOf, filterRows, frameOfRows, groupedFrame, type Row, rowsOf, selectColumns, sortRows } from './verbs';
