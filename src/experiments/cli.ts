#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { tensorflowBackend } from '../compute/backends';
import { ConfigError, MachineError, MstlabError, projectRoot } from '../core';
import { judgeReportText, readJudgeFile } from '../judge/offline';
import { listRuns, runsRoot } from '../runs';
import { checkNews, NEWS_FORMS, newsCheckText } from '../tasks';
import { sycophancyCommand } from './addition/command';
import { fetchModelCommand } from './fetch-model';
import { gpuCheck, gpuCheckJson, gpuCheckText } from './gpu-check';
import { judgeCheckCommand } from './judge-check';
import {
  claimsText,
  configText,
  estimateNews,
  estimateText,
  NewsExperiment,
  type NewsPreset,
  resolveNewsConfig,
  summaryText,
} from './news';
import { newsDataCommand } from './news-data/command';

const USAGE = `mstlab: commands
  quickstart [--preset quick|smoke]   execute the first notebook and print its result
  news-config [--preset NAME]         every setting of the news experiment, its value and where it comes from
  news-estimate [--preset NAME]       time and memory that the rest of it takes on this machine, from a measured step
  news-report [--preset NAME]         the result of a news experiment that was run before
  sycophancy [--preset tiny|quick|paper|smoke] [--seeds 0,1,2]
                                      the sycophancy experiment, from its reward audit to its result
  data-check [--form briefs|articles] check the embedded news set
  news-data --topics N --dir FOLDER [--form briefs|articles] [--writer claude|local] [--model M] [--batch]
            [--budget USD] [--estimate] [--seed S] [--domains K|NAMES]
                                      make a news set: topics and texts from a Claude or a local model, and its check
  judge-report                        how good the offline judge is on domains it never saw
  judge-check [--model M]             five calls to Claude as a judge, what each said and what it cost
  gpu-check [--size tiny|small|1b]    parity with PyTorch and twenty training steps, on a GPU if there is one
  fetch-model ORG/NAME[@REVISION]     bring a model of the Hugging Face hub into its cache
  runs                                what was computed, newest first
`;

/** The command line. Resolves to the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command === 'fetch-model') {
    await fetchModelCommand(rest, print);
    return 0;
  }
  if (command === 'news-data') return newsDataCommand(rest, print);
  if (command === 'judge-check') return judgeCheckCommand(rest, print);
  if (command === 'sycophancy') {
    await sycophancyCommand(rest, print);
    return 0;
  }
  const values = optionsOf(rest);
  const preset = (values.preset ?? 'quick') as NewsPreset;
  switch (command) {
    case 'quickstart':
      return quickstart(preset);
    case 'news-config':
      print(configText(resolveNewsConfig(preset)));
      return 0;
    case 'news-estimate':
      return estimate(preset);
    case 'news-report':
      return report(preset);
    case 'data-check':
      return dataCheck(values.form, values.dir);
    case 'judge-report':
      for (const form of NEWS_FORMS) print(judgeReportText(readJudgeFile(form)));
      return 0;
    case 'gpu-check':
      return checkGpu(values.size);
    case 'runs':
      return runs();
    default:
      process.stderr.write(USAGE);
      return command === undefined || command === 'help' || command === '--help' ? 0 : 2;
  }
}

/** Throws ConfigError for an option that is not known or lacks its value. */
function optionsOf(args: readonly string[]): { preset?: string; form?: string; dir?: string; size?: string } {
  try {
    return parseArgs({
      args: [...args],
      options: {
        preset: { type: 'string' },
        form: { type: 'string' },
        dir: { type: 'string' },
        size: { type: 'string' },
      },
    }).values;
  } catch (cause) {
    throw new ConfigError(
      `mstlab: options must be --preset, --form, --dir or --size with a value, got "${args.join(' ')}" (${(cause as Error).message}). Correct it.`,
      { cause },
    );
  }
}

/** Where `quickstart` leaves the notebook that it executed. */
export function quickstartNotebook(): string {
  return join(runsRoot(), 'notebooks', '01-quickstart.ipynb');
}

async function quickstart(preset: NewsPreset): Promise<number> {
  resolveNewsConfig(preset);
  const root = projectRoot();
  const runner = join(root, 'dist', 'kernel-plugins', 'notebook-runner', 'main.js');
  if (!existsSync(runner))
    throw new MachineError(`quickstart: the notebook runner must be built, got no ${runner}. Run npm run build.`);
  const out = quickstartNotebook();
  mkdirSync(join(runsRoot(), 'notebooks'), { recursive: true });
  const started = performance.now();
  const code = await run(process.execPath, [
    runner,
    join(root, 'notebooks', 'guide', '01-quickstart.ipynb'),
    '--out',
    out,
    '--set',
    `preset=${preset}`,
  ]);
  if (code !== 0) {
    process.stderr.write(
      `quickstart: the notebook must run to its end, got exit code ${code}. What was computed is kept in ${runsRoot()}; run the command again to go on. The outputs so far are in ${out}.\n`,
    );
    return code;
  }
  print('');
  await report(preset);
  print(
    `\nDone in ${((performance.now() - started) / 60_000).toFixed(1)} min. The executed notebook: ${out}\nOpen it in JupyterLab: npm run lab -- ${out}\n`,
  );
  return 0;
}

async function estimate(preset: NewsPreset): Promise<number> {
  const experiment = await NewsExperiment.open(preset);
  try {
    print(estimateText(await estimateNews(experiment)));
    return 0;
  } finally {
    await experiment.dispose();
  }
}

async function report(preset: NewsPreset): Promise<number> {
  const experiment = await NewsExperiment.open(preset);
  try {
    const missing = [...experiment.untrainedArms(), ...experiment.unmeasured()];
    if (missing.length > 0)
      throw new ConfigError(
        `news-report: the experiment must have been run with preset ${preset}, got ${experiment.untrainedArms().length} untrained arms and ${experiment.unmeasured().length} unmeasured conditions (${runsRoot()}). Run npm start -- --preset ${preset}.`,
      );
    const summary = experiment.summarise(await experiment.measure());
    print(summaryText(summary, experiment.context));
    print(`\n${claimsText(experiment.claims(summary))}`);
    return 0;
  } finally {
    await experiment.dispose();
  }
}

function dataCheck(form: string | undefined, dir: string | undefined): number {
  const forms = NEWS_FORMS.filter((known) => form === undefined || known === form);
  if (forms.length === 0)
    throw new ConfigError(`data-check: form must be ${NEWS_FORMS.join(' or ')}, got "${form}". Choose one.`);
  let failed = 0;
  for (const each of forms) {
    const check = checkNews({ form: each, ...(dir === undefined ? {} : { dir }) });
    print(newsCheckText(check));
    if (!check.ok) failed++;
  }
  return failed === 0 ? 0 : 1;
}

/** MSTLAB_DEVICE=gpu makes a missing GPU an error; otherwise the check says that it ran on the CPU. */
async function checkGpu(size: string | undefined): Promise<number> {
  const device = process.env.MSTLAB_DEVICE === 'gpu' ? 'gpu' : process.env.MSTLAB_DEVICE === 'cpu' ? 'cpu' : 'auto';
  const backend = tensorflowBackend({ device });
  const check = await gpuCheck({ backend, ...(size === undefined ? {} : { size }) });
  print(gpuCheckText(check));
  print(gpuCheckJson(check));
  return check.ok ? 0 : 1;
}

function runs(): number {
  const { runs: found, unreadable } = listRuns(runsRoot());
  for (const { kind, hash, finishedAt, record } of found)
    print(
      `${finishedAt.slice(0, 19)}  ${kind.padEnd(14)} ${hash.slice(0, 16)}  ${JSON.stringify(record).slice(0, 100)}`,
    );
  for (const path of unreadable) print(`unreadable: ${path}`);
  print(`${found.length} finished runs in ${runsRoot()}`);
  return 0;
}

function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit' });
    // Ctrl-C reaches the child by the terminal; it stops in order and this process reports.
    process.on('SIGINT', () => {});
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

if (require.main === module) {
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error) => {
      process.stderr.write(`${error instanceof MstlabError ? error.message : (error?.stack ?? error)}\n`);
      process.exitCode = 1;
    },
  );
}
