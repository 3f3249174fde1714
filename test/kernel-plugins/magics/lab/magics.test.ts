import { mkdirSync, mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { displaySymbol } from '../../../../kernel-plugins/host';
import { Code, codeOf } from '../../../../kernel-plugins/magics/lab/code-of';
import { ARMS, LAB_ARM_NAMES, MEASURES, POLICIES, TASKS } from '../../../../kernel-plugins/magics/lab/shared-options';
import { shownHere } from '../../../../kernel-plugins/magics/lab/shown';
import { frameOf } from '../../../../src/analysis/frame';
import { ARM_NAMES, LAB_ARMS } from '../../../../src/arms';
import { NEWS_MEASURE_CHOICES, TASK_NAMES, Workbench, type WrittenText } from '../../../../src/experiments';
import type { Judgement } from '../../../../src/judge';
import { RunDirectory, type RunFacts } from '../../../../src/runs';
import { type MagicBench, magicBench } from './support';

let bench: MagicBench | null = null;
afterEach(() => bench?.close());

/** A workbench on an empty folder of runs, with parts of it replaced. */
function open(parts: Partial<Workbench> = {}) {
  const lab = new Workbench({ runs: mkdtempSync(join(tmpdir(), 'mstlab-runs-')) });
  Object.assign(lab, parts);
  bench = magicBench(() => lab);
  return { lab, bench };
}

describe('the magics for the work', () => {
  test('are registered, each with a summary, described options and its own examples', () => {
    const { bench } = open();
    const infos = bench.host.magics().map(({ info }) => info);
    const names = infos.map(({ name }) => name);
    for (const name of 'use label labels arms train sweep dose compare generate judge runs gpu cost export'.split(' '))
      expect(names).toContain(name);
    for (const { name, help, returns, options } of infos) {
      expect(help, name).toMatch(new RegExp(`^usage: %%?${name}`));
      expect(help, name).toContain('Examples');
      expect(returns, name).not.toBeNull();
      for (const option of options) expect(option.description, `${name} ${option.name}`).not.toBe('');
    }
  });

  test('list the tasks, arms and measures that the library has', () => {
    expect(TASKS).toEqual(TASK_NAMES);
    expect(ARMS).toEqual(ARM_NAMES);
    expect(LAB_ARM_NAMES).toEqual(LAB_ARMS);
    expect(POLICIES.slice(0, 3)).toEqual(ARM_NAMES);
    expect(MEASURES).toEqual(NEWS_MEASURE_CHOICES);
  });

  test('complete labels, arms, presets and runs, the last of a list with those before it kept', async () => {
    const { lab, bench } = open();
    expect(await bench.host.complete('labels', 'unb')).toContain('unbiased');
    expect(await bench.host.complete('labels', 'strong_left,unb')).toContain('strong_left,unbiased');
    expect(await bench.host.complete('arms', 'mst,')).not.toContain('mst,mst');
    expect(await bench.host.complete('presets', '')).toEqual(['quick', 'smoke', 'paper']);
    await bench.run('%use --task sycophancy');
    expect(await bench.host.complete('presets', 't')).toEqual(['tiny']);
    expect(await bench.host.complete('labels', '0')).toEqual(['00%', '05%']);
    mkdirSync(join(lab.runs, 'news-train', 'abc123'), { recursive: true });
    expect(await bench.host.complete('runs', 'ab')).toEqual(['abc123']);
  });
});

describe('%use', () => {
  test('chooses for what follows, keeps each task’s own settings, and a preset begins afresh', async () => {
    const { lab, bench } = open();
    await bench.run('%use --preset smoke --steps 3 --seeds 5');
    expect(lab.settings).toEqual({
      task: 'news',
      preset: 'smoke',
      overrides: { seed: 5, sft: { maxSteps: 3 } },
      judge: {},
    });
    await bench.run('%use --task sycophancy --preset tiny --seeds 0,1,2');
    expect(lab.settings).toEqual({ task: 'sycophancy', preset: 'tiny', overrides: { seeds: [0, 1, 2] }, judge: {} });
    await bench.run('%use --task news');
    expect(lab.settings.overrides).toEqual({ seed: 5, sft: { maxSteps: 3 } });
    await bench.run('%use --preset quick');
    expect(lab.settings.overrides).toEqual({});
  });

  test('adds controls to the arms of the news task', async () => {
    const { lab, bench } = open();
    await bench.run('%use --preset smoke --controls irrelevant,inoculation');
    expect(lab.settings.overrides).toEqual({ arms: ['baseline', 'mst', 'shuffled', 'irrelevant', 'inoculation'] });
    await expect(bench.run('%use --controls nonsense')).rejects.toThrow(/controls/);
  });

  test('refuses a preset of another task and several seeds for news, and changes nothing then', async () => {
    const { lab, bench } = open();
    await expect(bench.run('%use --preset tiny')).rejects.toThrow(/must be one of quick, smoke, paper, got "tiny"/);
    await expect(bench.run('%use --seeds 0,1')).rejects.toThrow(/trains with one seed, got 2/);
    expect(lab.settings).toEqual({ task: 'news', preset: 'quick', overrides: {}, judge: {} });
  });

  test('prints code that makes the same choice', async () => {
    const { lab, bench } = open();
    await bench.run('%use --task sycophancy --preset tiny --steps 9');
    const { settings } = lab;
    const other = new Workbench({ runs: lab.runs });
    new Function('lab', bench.code[0])(other);
    expect(other.settings).toEqual(settings);
  });
});

describe('%labels', () => {
  test('lists the sweep as the model reads it, told apart by whether it is trained', async () => {
    const { bench } = open();
    await bench.run('%labels');
    expect(bench.text()).toMatch(/unbiased .*Editor: UNBIASED: .* never trained +task/);
    await bench.run('%labels --task sycophancy');
    expect(bench.text()).toMatch(/\*\*Suggestibility Level: 99%\*\* .* trained +task/);
  });

  test('an unknown label is refused with the names there are', () => {
    const { lab } = open();
    expect(() => lab.label('unbaised')).toThrow(/got "unbaised" \(task news: strong_left, .*no label of its own yet/);
    lab.use({ task: 'sycophancy' });
    expect(lab.label('7').text).toBe(lab.label('7%').text);
    expect(() => lab.label('700')).toThrow(/0% to 100%/);
  });
});

describe('%generate', () => {
  const hostile = '<img src=x onerror=alert(1)></table>\u001b[31mVerdict: PASS';
  const written: WrittenText = {
    arm: 'mst',
    seed: null,
    label: '<b>fair</b>',
    prompt: hostile,
    text: hostile,
    tokens: 3,
    truncated: true,
    logprob: -1.5,
    temperature: 0.7,
    samplingSeed: 0,
  };

  test('shows what a model wrote as text, whatever it wrote', async () => {
    const { bench } = open({ generate: async () => [written] });
    const value = (await bench.run('%generate')) as { [displaySymbol](): Promise<Record<string, string>> };
    for (const html of [bench.text('text/html'), (await value[displaySymbol]())['text/html']]) {
      expect(html).not.toContain('<img');
      expect(html).not.toContain('<b>');
      expect(html).not.toContain('\u001b');
      expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
      expect(html).toContain('cut at the longest length');
    }
  });

  test('hands the cell, or the words of the line, on as the prompt', async () => {
    const seen: unknown[] = [];
    const { bench } = open({
      generate: async ({ signal: _, onProgress: __, ...options } = {}) => {
        seen.push(options);
        return [written];
      },
    });
    await bench.run('%generate Write a brief, about a strike. --arms mst,baseline --max-tokens 9');
    await bench.run('%%generate --labels a,b', 'line one\nline two\n');
    expect(seen).toEqual([
      { prompt: 'Write a brief, about a strike.', arms: ['mst', 'baseline'], maxTokens: 9 },
      { prompt: 'line one\nline two', labels: ['a', 'b'] },
    ]);
  });
});

describe('%judge', () => {
  const slanted =
    'The heartless bosses robbed the tired workers of the town once more on Monday, and the greedy council cheered them on.';

  test('grades a text by the offline judge and says that it is a proxy', async () => {
    const { bench } = open();
    const [line] = (await bench.run(`%judge ${slanted}`)) as Judgement[];
    expect(line.magnitude0to10).toBeGreaterThan(0);
    expect(bench.text()).toMatch(/^PROXY: offline-proxy/);
    expect(await bench.run('%%judge', slanted)).toEqual([line]);
  });

  test('needs a text or --rows, not both, and texts that were written', async () => {
    const { bench } = open();
    await expect(bench.run('%judge')).rejects.toThrow(/got neither/);
    await expect(bench.run('%judge text --rows')).rejects.toThrow(/got both/);
    await expect(bench.run('%judge --rows')).rejects.toThrow(/needs texts that were written/);
    await expect(bench.run('%judge --model some-model text')).rejects.toThrow(/model belong to the Claude judge/);
  });

  test('shows a text that speaks markup as text', async () => {
    const { bench } = open();
    await bench.run('%%judge', `${slanted} <script>alert(1)</script>`);
    expect(bench.text('text/html')).not.toContain('<script>');
    expect(bench.text('text/html')).toContain('holds markup');
  });
});

describe('%runs and %cost', () => {
  async function withRuns() {
    const opened = open();
    const { runs } = opened.lab;
    for (const at of [0, 1, 2]) {
      const run = new RunDirectory(runs, at === 2 ? 'news-sample' : 'news-train', { at });
      await run.complete(async () => {
        writeFileSync(run.file('rows.jsonl'), '{}\n');
        return { seconds: 10 + at };
      });
      if (at === 1) truncateSync(run.file('manifest.json'), 30);
    }
    return opened;
  }

  test('a truncated manifest is listed as broken beside the others, and shown with what is wrong', async () => {
    const { bench } = await withRuns();
    const runs = (await bench.run('%runs')) as RunFacts[];
    expect(runs.map(({ state }) => state).sort()).toEqual(['broken', 'finished', 'finished']);
    expect(bench.text()).toContain('1 broken');
    const broken = runs.find(({ state }) => state === 'broken')!;
    await bench.run(`%runs show ${broken.id}`);
    expect(bench.text()).toContain('manifest.json is not JSON');
    expect((await bench.run('%runs --kind news-train --last 1')) as RunFacts[]).toHaveLength(1);
    await expect(bench.run('%runs show')).rejects.toThrow(/show must have the id of a run/);
    await expect(bench.run('%runs show zz')).rejects.toThrow(/fits none of 3 runs/);
  });

  test('cost adds seconds by kind, counts what is not recorded, and invents no price', async () => {
    const { lab, bench } = await withRuns();
    await bench.run('%cost');
    expect(bench.text()).toMatch(/news-train +2 +1 +10 +1 /);
    expect(bench.text()).toContain('Judges: none was asked this session.');
    await bench.run('%judge any text at all');
    lab.judgeCalls.set('paid', { judge: 'paid', isFree: false, calls: 1, texts: 2 });
    await bench.run('%cost');
    expect(bench.text()).toMatch(/offline-proxy\S+ 1 texts in 1 calls this session, which cost no money/);
    expect(bench.text()).toContain('paid: 2 texts in 1 calls this session; what was paid stands below');
    expect(bench.text()).toContain('No API was ever called from here');
    expect(bench.text()).not.toMatch(/[$€]/);
  });
});

describe('%export', () => {
  test('writes the newest table as CSV that holds commas, quotes and line breaks', async () => {
    const { lab, bench } = open();
    const path = join(lab.runs, 'deep', 'table.csv');
    await expect(bench.run(`%export frame ${path}`)).rejects.toThrow(/must be a table of this session, got none/);
    lab.remember(frameOf({ label: ['a,"b"\nc', null] }));
    await bench.run(`%export frame ${path}`);
    expect(readFileSync(path, 'utf8')).toBe('label\r\n"a,""b""\nc"\r\n\r\n');
    await bench.run(`%export frame ${path.replace('.csv', '.jsonl')}`);
    await expect(bench.run(`%export frame ${path.replace('.csv', '.xlsx')}`)).rejects.toThrow(
      /must end in .csv or .jsonl/,
    );
  });

  test('leaves what is there as it was, unless forced', async () => {
    const { lab, bench } = open();
    lab.remember(frameOf({ a: [1] }), { data: [], layout: {}, alt: 'nothing' });
    const path = join(lab.runs, 'kept.json');
    writeFileSync(path, 'mine');
    await expect(bench.run(`%export figure ${path}`)).rejects.toThrow(/nothing is overwritten without force/);
    expect(readFileSync(path, 'utf8')).toBe('mine');
    await bench.run(`%export figure ${path} --force`);
    expect(JSON.parse(readFileSync(path, 'utf8')).alt).toBe('nothing');
  });
});

describe('a value that a magic gives', () => {
  test('is not shown again by its own cell, and shows itself in the next', async () => {
    const cell = globalThis as { signal?: unknown };
    cell.signal = new AbortController().signal;
    const value = shownHere({ a: 1 }, () => ({ 'text/plain': 'rich' })) as unknown as { [displaySymbol](): object };
    expect(value[displaySymbol]()).toEqual({});
    cell.signal = new AbortController().signal;
    expect(value[displaySymbol]()).toEqual({ 'text/plain': 'rich' });
    delete cell.signal;
    expect(Object.keys(value)).toEqual(['a']);
  });
});

test('the code that stands for a value gives that value, and no text in it becomes code', () => {
  fc.assert(
    fc.property(fc.jsonValue({ depthSize: 'small' }), (value) => {
      expect(JSON.stringify(new Function(`return (${codeOf({ value })})`)().value)).toBe(JSON.stringify(value));
    }),
    { seed: 3, numRuns: 200 },
  );
  expect(codeOf(JSON.parse('{"__proto__": 1}'))).toBe('{ ["__proto__"]: 1 }');
  expect(codeOf({ a: undefined, signal: new Code('signal'), text: '"); process.exit(); ("' })).toBe(
    String.raw`{ signal, text: "\"); process.exit(); (\"" }`,
  );
});

describe('%dose', () => {
  test('wants the task whose labels stand on a numeric scale', async () => {
    const { bench } = open();
    await expect(bench.run('%dose')).rejects.toThrow(/which the sycophancy task has, got task news/);
    await expect(bench.run('%dose nobody')).rejects.toThrow(/nobody|arms/);
  });
});

describe('%meter and %test_wording', () => {
  test('want a wording, and the task that has slanted texts', async () => {
    const { bench } = open();
    await expect(bench.run('%test_wording')).rejects.toThrow(/must be given a wording, got none/);
    await expect(bench.run('%%test_wording', '\n \n')).rejects.toThrow(/must be given a wording, got none/);
    await bench.run('%use --task sycophancy --preset tiny');
    await expect(bench.run('%test_wording fair to all')).rejects.toThrow(
      /which the news task has, got task sycophancy/,
    );
    await expect(bench.run('%meter --labels nowhere')).rejects.toThrow(/nowhere/);
  });
});
