import { SFT_PRESETS, type SftConfig } from './config';

/** One setting that is not what the article used. */
export interface ArticleDifference {
  readonly what: string;
  readonly article: string;
  readonly here: string;
}

/** Settings of the article that are no fields of a config, as they are here. */
const ALWAYS: readonly ArticleDifference[] = [
  {
    what: 'where moments live',
    article: 'paged: moved to host memory when the card is full',
    here: 'always on the device; the numbers are the same',
  },
  {
    what: 'group by length',
    article: 'batches of one length drawn from 50 batches of rows',
    here: 'drawn from 8 batches of rows, so that an epoch stays mixed',
  },
];

/**
 * What training with this config does otherwise than the article's news experiment (preset `paper`), to be printed beside a
 * result. Seeds and how often something is saved or measured are left out.
 */
export function articleDifferences(config: SftConfig): ArticleDifference[] {
  const { lora, ...rest } = SFT_PRESETS.paper;
  const paper: Record<string, unknown> = {
    ...rest,
    accumulation: 1,
    schedule: 'cosine',
    groupByLength: true,
    maxSteps: null,
  };
  const found = Object.entries(paper).flatMap(([field, article]) =>
    differing(field, article, config[field as keyof SftConfig]),
  );
  const paperLora = { rank: 16, alpha: 32, ...lora };
  const ofLora = Object.entries(paperLora).flatMap(([field, article]) =>
    differing(`lora.${field}`, article, config.lora[field as keyof SftConfig['lora']]),
  );
  const targets =
    config.lora.targets.length < 7 ? differing('lora.targets', 'all seven projections', config.lora.targets) : [];
  return [...found, ...ofLora, ...targets, ...ALWAYS];
}

function differing(what: string, article: unknown, here: unknown): ArticleDifference[] {
  return article === here ? [] : [{ what, article: String(article), here: String(here) }];
}
