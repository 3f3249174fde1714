import type { ArmFacts, LabelInformation } from './arm-facts';
import type { ArmProof } from './prove';

/** The proof as text for a terminal or a notebook: what every arm holds, where it differs, and what it rules out. */
export function proofText(proof: ArmProof): string {
  const subset = proof.arms.some(({ repeats }) => repeats !== null);
  const names = [...proof.arms, ...proof.evaluationOnly].map(({ arm }) => arm.length);
  const width = Math.max(9, ...names);
  const lines = [
    `${proof.rows} examples, in the same order and with the same completions in every arm${subset ? ' but least-biased-subset' : ''} (content ${proof.contentHash.slice(0, 12)})`,
  ];
  for (const fact of proof.arms) {
    const counts = Object.entries(fact.labelCounts).map(([value, count]) => `${value} ${count}`);
    const tokens = fact.tokens;
    lines.push(
      `${fact.arm.padEnd(width)} labels: ${counts.join(', ') || 'none'}${
        tokens === null
          ? ''
          : `; tokens: prompt ${tokens.promptTokens} (mean ${tokens.meanPromptTokens?.toFixed(1) ?? 'unknown'}), completion ${tokens.completionTokens}, longest row ${tokens.longestRowTokens}, dropped ${tokens.dropped.length}`
      }`,
    );
    for (const line of detailLines(fact)) lines.push(`  ${line}`);
    for (const drop of tokens?.dropped.slice(0, 5) ?? []) lines.push(`  dropped ${drop.exampleId}: ${drop.reason}`);
  }
  for (const { arm, trainedAs, what, rulesOut } of proof.evaluationOnly) {
    lines.push(
      `${arm.padEnd(width)} ${what}: asked with ${trainedAs ? `the ${trainedAs} arm` : 'the untrained model'}`,
    );
    lines.push(`  rules out ${rulesOut}`);
  }
  const chance = proof.shuffledTrueByChance;
  if (chance !== null)
    lines.push(
      `shuffled: ${chance.rows} of ${proof.rows} labels are true by chance (${chance.expected.toFixed(1)} expected)`,
    );
  if (proof.dropsDiffer) lines.push('WARNING: the arms drop different rows, so they do not train on the same examples');
  return lines.join('\n');
}

function detailLines(fact: ArmFacts): string[] {
  const { repeats, information, tokens } = fact;
  const added = tokens?.labelTokens;
  const differs =
    fact.differsIn === 'nothing'
      ? "every prompt is the baseline's"
      : `${fact.promptsThatDiffer} of ${fact.rows} prompts differ from the baseline's, in ${fact.differsIn} only`;
  const said = [
    `${fact.what}; ${differs}; order ${fact.orderHash.slice(0, 8)}, completions ${fact.completionsHash.slice(0, 8)}`,
    ...(information ? [informationText(information, fact)] : []),
    ...(added
      ? [
          `the label adds ${added.mean.toFixed(1)} tokens on average (${added.least} to ${added.most}) to a prompt of ${tokens!.meanPromptTokensWithoutLabel!.toFixed(1)}`,
        ]
      : []),
    ...(repeats
      ? [
          `${repeats.distinctRows} rows of ${repeats.values.join(', ')}, each ${repeats.least === repeats.most ? repeats.least : `${repeats.least} or ${repeats.most}`} times, so that steps are equal`,
        ]
      : []),
    `rules out ${fact.rulesOut}`,
  ];
  return said;
}

function informationText({ sharedNats, truthNats, chanceNats }: LabelInformation, fact: ArmFacts): string {
  const truth = fact.trueLabels === null ? '' : `; true on ${fact.trueLabels} of ${fact.labelledRows} labelled rows`;
  return `label and true value share ${sharedNats.toFixed(3)} of ${truthNats.toFixed(3)} nats (by chance ${chanceNats.toFixed(3)})${truth}`;
}
