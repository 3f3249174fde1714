import { contrastLogOdds, strongToCenter } from '../../analysis/stats';
import type { LongCall } from '../../core';
import type { Label } from '../../labels';
import { Scorer } from '../../model/generate';
import type { ContrastSet } from '../../tasks';
import type { NewsExperiment } from '../news';
import type { Condition } from '../news/conditions';
import { completionIds, promptIds } from '../news/prepare';
import { Switched } from '../switched';

/** Contrast log-odds of topics under labels and arms; each is computed once. */
export class ContrastScores {
  private readonly known = new Map<string, number>();
  private readonly scorers: Switched<Scorer>;
  private arm: Condition['arm'] | null = null;
  private scorer: Scorer | null = null;

  constructor(
    private readonly news: NewsExperiment,
    call: LongCall,
  ) {
    this.scorers = new Switched(async (adapter) => new Scorer(await news.host.load(call), adapter));
  }

  /**
   * Log-odds of the strong to the center texts, nats, one a topic. Throws ConfigError for an arm that is not trained, AbortedError
   * between two batches.
   */
  async of(
    arm: Condition['arm'],
    label: Label | null,
    topics: readonly ContrastSet[],
    { signal }: LongCall = {},
  ): Promise<{ topicId: string; value: number }[]> {
    const keyOf = ({ topicId }: ContrastSet) => `${arm} ${label?.id ?? ''} ${topicId}`;
    const missing = topics.filter((set) => !this.known.has(keyOf(set)));
    if (missing.length > 0) {
      const scorer = await this.scorerOf(arm);
      const { tokenizer } = this.news.host.files;
      const { labelSet } = this.news.prepared;
      const needed = new Set([...strongToCenter.above, ...strongToCenter.below]);
      const texts = missing.map((set) => set.texts.filter(({ value }) => needed.has(value)));
      const scored = await scorer.score(
        missing.map((set, at) => ({
          id: set.topicId,
          promptIds: promptIds(tokenizer, set, label, labelSet),
          texts: texts[at].map(({ text }) => completionIds(tokenizer, set, text)),
        })),
        { signal },
      );
      scored.forEach(({ logprobs }, at) => {
        const odds = contrastLogOdds(texts[at].map(({ value }, text) => ({ value, logprob: logprobs[text] })));
        this.known.set(keyOf(missing[at]), odds);
      });
    }
    return topics.map((set) => ({ topicId: set.topicId, value: this.known.get(keyOf(set))! }));
  }

  dispose(): void {
    this.scorers.dispose();
    this.scorer = null;
    this.arm = null;
  }

  private async scorerOf(arm: Condition['arm']): Promise<Scorer> {
    if (this.scorer === null || this.arm !== arm) {
      this.scorer = await this.scorers.under(this.news.adapterOf(arm));
      this.arm = arm;
    }
    return this.scorer;
  }
}
