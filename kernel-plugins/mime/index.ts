export { bundleOf } from './bundle-of';
export { exampleBrowser } from './example-browser';
export { figureBundle, figureMetadata, isFigure } from './figure-bundle';
export { frameBundle, isFrame } from './frame-bundle';
export { type ImageOptions, imageBundle, imageType } from './image-bundle';
export { type Displayable, displayable, displaySymbol, isDisplayable, type MimeBundle } from './mime-bundle';
export { labelsBundle, type ShownLabel, type ShownText, textsBundle } from './texts-bundle';
