import { describe, expect, it } from 'vitest';
import { filesBelow, importsOf } from './source-files';

// Left to right: a folder imports from folders to its left, never from one to its right.
const ORDER = [
  'src/core',
  'src/labels',
  'src/tasks',
  'src/arms',
  'src/compute/graph',
  'src/compute/backends',
  'src/compute/profile',
  'src/model/tokens',
  'src/model/families/specs',
  'src/model/weights',
  'src/model/families',
  'src/model/adapters',
  'src/model/generate',
  'src/train',
  'src/judge',
  'src/runs',
  'src/analysis/stats',
  'src/analysis/frame',
  'src/analysis/charts',
  'src/experiments',
];

// Neighbours that the order alone would allow to know each other.
const STRANGERS = [
  {
    from: 'src/judge',
    to: 'src/train',
    why: 'training gets its reward as a function, the judge gets completions as values',
  },
  { from: 'src/judge', to: 'src/compute', why: 'the judge reads text' },
  { from: 'src/judge', to: 'src/model', why: 'the judge reads text' },
  { from: 'src/runs', to: 'src/judge', why: 'a run record knows no content' },
  { from: 'src/runs', to: 'src/train', why: 'a run record knows no content' },
  { from: 'src/analysis', to: 'src/model', why: 'statistics take plain arrays' },
  { from: 'src/analysis/stats', to: 'src/compute', why: 'statistics take plain arrays' },
  { from: 'src/analysis/charts', to: 'src/compute', why: 'a figure is drawn from estimates' },
  { from: 'src/analysis/frame', to: 'src/analysis/stats', why: 'a frame shows, it does not compute' },
];

const ONLY_IN = [
  { package: /^@tensorflow\//, folder: 'src/compute/backends' },
  { package: /^danfojs/, folder: 'src/analysis/frame' },
  { package: /^@anthropic-ai\//, folder: 'src/judge' },
  { package: /^@huggingface\/(jinja|tokenizers)/, folder: 'src/model/tokens' },
  { package: /^@huggingface\/(gguf|hub)/, folder: 'src/model/weights' },
  { package: /^(tslab|zeromq|@tslab\/)/, folder: 'kernel-plugins' },
];

const sources = filesBelow('src', /\.ts$/);
const plugins = filesBelow('kernel-plugins', /\.ts$/);
const scripts = filesBelow('kernel-plugins/kernelspec', /\.mjs$/);

function folderOf(path: string): string | undefined {
  return ORDER.find((folder) => path === folder || path.startsWith(`${folder}/`));
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

describe('the import table', () => {
  it('looks at all the sources there are', () => {
    expect(sources.length).toBeGreaterThanOrEqual(60);
    expect(plugins.length).toBeGreaterThanOrEqual(10);
    expect(scripts.length).toBeGreaterThanOrEqual(15);
    expect(new Set(sources.map(folderOf)).size).toBeGreaterThanOrEqual(15);
  });

  it('gives every source a folder of the table', () => {
    expect(sources.filter((path) => folderOf(path) === undefined)).toEqual([]);
  });

  it('a folder imports only itself and folders to its left', () => {
    const wrong: string[] = [];
    for (const path of sources) {
      const place = ORDER.indexOf(folderOf(path) ?? '');
      for (const target of importsOf(path).files) {
        const folder = folderOf(target);
        if (folder === undefined || ORDER.indexOf(folder) > place) wrong.push(`${path} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it.each(STRANGERS)('$from does not know $to: $why', ({ from, to }) => {
    const wrong = sources
      .filter((path) => isBelow(path, from))
      .filter((path) => importsOf(path).files.some((target) => isBelow(target, to)));
    expect(wrong).toEqual([]);
  });

  it.each(ONLY_IN)('only $folder imports $package', ({ package: name, folder }) => {
    const users = [...sources, ...plugins].filter((path) => importsOf(path).packages.some((item) => name.test(item)));
    expect(users.filter((path) => !isBelow(path, folder))).toEqual([]);
  });

  it('another folder is imported through its index, not into its inside', () => {
    const wrong: string[] = [];
    for (const path of sources) {
      for (const target of importsOf(path).files) {
        const folder = folderOf(target);
        if (folder === undefined || folder === folderOf(path) || folder === target) continue;
        // Types and named subjects of a folder may be reached one level down (tasks/news, judge/offline).
        const depth = target.slice(folder.length + 1).split('/').length;
        if (depth > 1) wrong.push(`${path} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('set-up is plain JavaScript without a single package, since it runs before there are any', () => {
    const wrong = scripts.flatMap((path) => {
      const { packages, files } = importsOf(path);
      const outside = files.filter((target) => !isBelow(target, 'kernel-plugins/kernelspec'));
      return [...packages, ...outside].map((target) => `${path} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });
});
