import { frameOfRows, type Row } from '../../analysis/frame';
import { ARM_CATALOGUE, type ArmProof, LAB_ARMS } from '../../arms';

/** A row an arm of the catalogue: arm, training_prompts, trained_as (null: the model as it came), asked, rules_out. */
export function armCatalogueFrame() {
  return frameOfRows(
    LAB_ARMS.map((arm): Row => {
      const { what, trainedAs, asked, rulesOut } = ARM_CATALOGUE[arm];
      return { arm, training_prompts: what, trained_as: trainedAs, asked, rules_out: rulesOut };
    }),
    ['arm', 'training_prompts', 'trained_as', 'asked', 'rules_out'],
  );
}

/**
 * What a proof shows of each arm with rows of its own: rows, labelled_rows, true_labels and prompts_that_differ (rows), differs_in,
 * shared_nats of truth_nats with chance_nats beside it (what labels say of the true value, nats), prompt_tokens (mean) and
 * label_tokens (mean added, both null without a counter), dropped (rows), order_hash, completions_hash.
 */
export function proofFrame(proof: ArmProof) {
  return frameOfRows(
    proof.arms.map((facts): Row => {
      const { information, tokens } = facts;
      return {
        arm: facts.arm,
        rows: facts.rows,
        labelled_rows: facts.labelledRows,
        true_labels: facts.trueLabels,
        prompts_that_differ: facts.promptsThatDiffer,
        differs_in: facts.differsIn,
        shared_nats: information?.sharedNats ?? null,
        truth_nats: information?.truthNats ?? null,
        chance_nats: information?.chanceNats ?? null,
        prompt_tokens: tokens?.meanPromptTokens ?? null,
        label_tokens: tokens?.labelTokens?.mean ?? null,
        dropped: tokens?.dropped.length ?? null,
        order_hash: facts.orderHash,
        completions_hash: facts.completionsHash,
      };
    }),
    [
      'arm',
      'rows',
      'labelled_rows',
      'true_labels',
      'prompts_that_differ',
      'differs_in',
      'shared_nats',
      'truth_nats',
      'chance_nats',
      'prompt_tokens',
      'label_tokens',
      'dropped',
      'order_hash',
      'completions_hash',
    ],
  );
}
