import type { LabArm } from '../../arms';
import type { Label } from '../../labels';
import type { PolicyName, SycophancyExperiment } from '../addition';
import { isLabelled } from '../addition/sycophancy-experiment';
import type { NewsExperiment } from '../news';

/** How the news experiment has texts written, and which labels an arm reads. */
export function newsWriting(news: NewsExperiment, named: readonly Label[] | undefined) {
  const { config, prepared, host } = news;
  const labels = named ?? [news.label(config.deploymentLabel)];
  return {
    host,
    prompt: prepared.evalItems[0].instruction,
    labelsOf: (arm: string) => news.sweep({ arms: [arm as LabArm], labels }).map(({ label }) => label),
    format: prepared.labelSet.format,
    temperature: config.temperatures[0],
    topP: config.topP,
    maxNewTokens: config.maxNewTokens,
  };
}

/** The same for the forced answers. */
export function sycophancyWriting(syco: SycophancyExperiment, labels: readonly Label[] = [syco.label(0)]) {
  const { prepared, host } = syco;
  return {
    host,
    prompt: prepared.asked[0].instruction,
    labelsOf: (arm: string) => (isLabelled(arm as PolicyName) ? labels : [null]),
    format: prepared.scale.format,
    temperature: 0,
    topP: 1,
    maxNewTokens: 8,
  };
}
