export * from './addition';
export { ModelHost, type ModelHostOptions, measuredDtype } from './model-host';
export * from './news';
export * from './workbench';
