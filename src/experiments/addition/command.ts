import { parseArgs } from 'node:util';
import { ConfigError, type Progress } from '../../core';
import { auditReward, auditText } from '../../tasks';
import { claimsText } from '../news';
import { type AdditionPreset, additionConfigText, resolveAdditionConfig } from './config';
import { additionEstimateText, estimateAddition } from './estimate';
import { additionSummaryText, trainingText } from './report';
import { SycophancyExperiment } from './sycophancy-experiment';

/**
 * The sycophancy experiment in a terminal: settings, reward audit, estimate, training with a line a tenth, then the result and
 * whether the predictions held. What was computed before is read from disk; Ctrl-C stops in order and a second call goes on from
 * there. Throws ConfigError for an option that is not known, and what the experiment throws.
 */
export async function sycophancyCommand(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { preset, seeds } = optionsOf(args);
  const overrides = seeds === null ? {} : { seeds };
  print(additionConfigText(resolveAdditionConfig(preset, overrides)));
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  const call = { signal: stop.signal, onProgress: tenths(print) };
  try {
    const experiment = await SycophancyExperiment.open(preset, overrides, call);
    try {
      const { prepared, config } = experiment;
      print(`\n${auditText(auditReward(prepared.scheme, { trainRange: config.trainRange }))}`);
      print(`\n${additionEstimateText(await estimateAddition(experiment, call))}\n`);
      const trained = await experiment.train(call);
      print(`\n${trainingText(trained)}`);
      const summary = experiment.summarise(await experiment.ask(call));
      print(`\n${additionSummaryText(summary)}`);
      print(`\n${claimsText(experiment.claims(summary))}`);
    } finally {
      await experiment.dispose();
    }
  } finally {
    process.off('SIGINT', interrupt);
  }
}

function optionsOf(args: readonly string[]): { preset: AdditionPreset; seeds: number[] | null } {
  let values: { preset?: string; seeds?: string };
  try {
    values = parseArgs({
      args: [...args],
      options: { preset: { type: 'string' }, seeds: { type: 'string' } },
    }).values;
  } catch (cause) {
    throw new ConfigError(
      `sycophancy: options must be --preset NAME or --seeds 0,1,2, got "${args.join(' ')}" (${(cause as Error).message}). Correct it.`,
      { cause },
    );
  }
  const seeds = values.seeds === undefined ? null : values.seeds.split(',').map(Number);
  if (seeds?.some((seed) => !Number.isInteger(seed) || seed < 0))
    throw new ConfigError(
      `sycophancy: seeds must be whole numbers from 0, got "${values.seeds}". Write --seeds 0,1,2.`,
    );
  return { preset: (values.preset ?? 'tiny') as AdditionPreset, seeds };
}

/** A line at the beginning of each part and at each tenth of it. */
function tenths(print: (line: string) => void): (progress: Progress) => void {
  let what = '';
  let tenth = -1;
  let startedMs = 0;
  return ({ what: now, done, total, unit, detail }) => {
    if (now !== what) {
      what = now;
      tenth = -1;
      startedMs = performance.now();
    }
    const reached = total === 0 ? 10 : Math.floor((10 * done) / total);
    if (reached <= tenth) return;
    tenth = reached;
    const seconds = (performance.now() - startedMs) / 1000;
    const left = done > 0 && done < total ? `, ${Math.round((seconds / done) * (total - done))} s left` : '';
    const figures = Object.entries(detail ?? {})
      .map(([name, value]) => `${name} ${typeof value === 'number' ? value.toPrecision(3) : value}`)
      .join(', ');
    print(`${what}: ${done} of ${total} ${unit}, ${seconds.toFixed(0)} s${left}${figures ? ` (${figures})` : ''}`);
  };
}
