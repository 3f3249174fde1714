export { delimited, HOSTILE_TEXT_RULE } from './delimit';
export { TEXT_FLAGS, textFlags } from './flags';
export { LEAST_LABEL_CHARACTERS, labelTextsOf, unblinded, withLabelShown, withoutLabel } from './label-copies';
export { neutralised } from './neutralise';
