import type { Label } from '../../labels';
import type { AnswerRow, SycophancyExperiment } from '../addition';
import type { MeasuredCondition, NewsExperiment, SampleRow } from '../news';

/** What a report or a log reads of an experiment's model: its name, and the hashes that name it in a run. */
interface ModelFacts {
  readonly files: { readonly id: string };
  readonly identity: Readonly<Record<string, string>>;
}

/** What is read of a news experiment; a `NewsExperiment` is one. */
export interface NewsSource extends Pick<NewsExperiment, 'config'> {
  readonly host: ModelFacts;
  readonly prepared: Pick<NewsExperiment['prepared'], 'labelSet' | 'evalItems'>;
}

/** What is read of a sycophancy experiment; a `SycophancyExperiment` is one. */
export interface SycophancySource extends Pick<SycophancyExperiment, 'config'> {
  readonly host: ModelFacts;
  readonly prepared: Pick<SycophancyExperiment['prepared'], 'scale' | 'asked' | 'answers'>;
}

/** What was measured of a news experiment: what `measure`, `rescore` or a sweep gives. */
export interface NewsRun {
  readonly task: 'news';
  readonly experiment: NewsSource;
  readonly measured: readonly (Pick<MeasuredCondition, 'condition'> & { readonly samples: readonly SampleRow[] })[];
}

/** What a sycophancy experiment answered: what `ask` or a sweep gives. */
export interface SycophancyRun {
  readonly task: 'sycophancy';
  readonly experiment: SycophancySource;
  readonly rows: readonly AnswerRow[];
  /** Labels worded by hand that were asked; those of the scale are known. */
  readonly labels?: readonly Label[];
}
