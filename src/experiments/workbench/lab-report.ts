import { armsToTrain } from '../../arms';
import { ConfigError, type LongCall } from '../../core';
import { readJsonl } from '../../runs';
import type { StepMetrics } from '../../train';
import type { NewsExperiment } from '../news';
import { trainingRun } from '../news/train-arm';
import { type InspectLog, inspectLog, type ReportOptions, runReport } from '../report';
import type { Sweep } from './sweep';
import type { Workbench } from './workbench';

/**
 * The report of a session's newest sweep, as one HTML file; see `runReport`. Nothing is trained, generated or judged. `createdAt`:
 * default now. Throws ConfigError if there was no sweep under the settings in use.
 */
export async function labReport(
  lab: Workbench,
  options: LongCall & Partial<Omit<ReportOptions, 'ledger' | 'trained'>> = {},
): Promise<string> {
  const { signal, onProgress, createdAt = new Date().toISOString(), ...said } = options;
  const sweep = newestSweep(lab, 'labReport');
  if (sweep.task === 'sycophancy') {
    const experiment = await lab.sycophancy({ signal, onProgress });
    return runReport({ task: 'sycophancy', experiment, rows: sweep.rows }, { ...said, createdAt });
  }
  const experiment = await lab.news({ signal, onProgress });
  return runReport(
    { task: 'news', experiment, measured: sweep.measured },
    {
      ...said,
      createdAt,
      ledger: lab.settings.judge.judge === 'claude' ? lab.ledger() : [],
      trained: trainedArms(experiment, lab.runs),
    },
  );
}

/** The same sweep as an evaluation log of Inspect; see `inspectLog`. Throws as `labReport`. */
export async function labInspectLog(
  lab: Workbench,
  { createdAt = new Date().toISOString(), ...call }: LongCall & { readonly createdAt?: string } = {},
): Promise<InspectLog> {
  const sweep = newestSweep(lab, 'labInspectLog');
  if (sweep.task === 'news')
    return inspectLog({ task: 'news', experiment: await lab.news(call), measured: sweep.measured }, { createdAt });
  const labels = lab.listLabels('sycophancy').map(({ label }) => label);
  return inspectLog(
    { task: 'sycophancy', experiment: await lab.sycophancy(call), rows: sweep.rows, labels },
    { createdAt },
  );
}

function newestSweep(lab: Workbench, where: string): Sweep {
  const sweep = lab.lastSweep;
  if (sweep) return sweep;
  throw new ConfigError(
    `${where}: there must be a sweep under the settings in use, got none (task ${lab.settings.task}, preset ${lab.settings.preset}). Run lab.sweep or %sweep first.`,
  );
}

/** The arms that are on disk. */
function trainedArms({ config, host, prepared, resolved }: NewsExperiment, runs: string) {
  return armsToTrain(config.arms).flatMap((arm) => {
    const run = trainingRun(runs, host, arm, prepared.encoded[arm]!, resolved.sft, config.seed);
    const manifest = run.manifest();
    return manifest ? [{ arm, manifest, metrics: readJsonl<StepMetrics>(run.file('metrics.jsonl')) }] : [];
  });
}
