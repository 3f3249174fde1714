import { escapeHtml } from '../../src/analysis/frame/escape-html';
import type { Magic } from './magic';
import { type OptionSpec, optionSpecs, valueWords } from './magic-options';
import { quoteWord } from './magic-words';

/** The text of `-h`: usage, summary, each option with its type, choices and default, examples. */
export function magicHelp(magic: Magic): string {
  const specs = optionSpecs(magic);
  const rows = [...specs.map((spec) => ({ left: leftColumn(spec), right: rightColumn(spec) })), helpRow];
  const width = Math.min(32, Math.max(...rows.map(({ left }) => left.length)));
  const lines = [
    ...usageLines(magic, specs),
    '',
    magic.summary,
    '',
    'Options',
    ...rows.map(({ left, right }) =>
      left.length > width
        ? `  ${left}\n  ${' '.repeat(width)}  ${right}`
        : `  ${left.padEnd(width)}  ${right}`.trimEnd(),
    ),
  ];
  if (magic.examples?.length)
    lines.push('', 'Examples', ...magic.examples.map((example) => `  ${example.replace(/\n/g, '\n  ')}`));
  return lines.join('\n');
}

/** The same text, escaped, for a front end that shows HTML. */
export function magicHelpHtml(magic: Magic): string {
  return `<pre>${escapeHtml(magicHelp(magic))}</pre>`;
}

const helpRow = { left: '-h, --help', right: 'Shows this help instead of running.' };

function usageLines(magic: Magic, specs: readonly OptionSpec[]): string[] {
  const words = [...specs.filter(({ positional }) => !positional), ...specs.filter(({ positional }) => positional)];
  const usage = [magic.name, ...words.map(usageWord)].join(' ');
  const line = `usage: %${usage}`;
  const cell = `usage: %%${usage}\n       ...the rest of the cell...`;
  if (magic.kind === 'either') return [line, cell];
  return [magic.kind === 'line' ? line : cell];
}

function usageWord(spec: OptionSpec): string {
  const value = spec.list ? `${spec.placeholder},...` : spec.placeholder;
  const word =
    spec.positional === 'rest'
      ? `${spec.placeholder}...`
      : spec.positional === 'one'
        ? spec.placeholder
        : spec.flag
          ? flagName(spec)
          : `${spec.name} ${value}`;
  return spec.required ? word : `[${word}]`;
}

function leftColumn(spec: OptionSpec): string {
  if (spec.positional) return spec.positional === 'rest' ? `${spec.placeholder}...` : spec.placeholder;
  const name = spec.flag ? flagName(spec) : `${spec.name} ${spec.placeholder}${spec.list ? ',...' : ''}`;
  return spec.short ? `-${spec.short}, ${name}` : name;
}

/** Both forms of a flag, the one that changes something first. */
function flagName(spec: OptionSpec): string {
  const off = `--no-${spec.name.slice(2)}`;
  return spec.defaultValue === true ? `${off}|${spec.name}` : `${spec.name}|${off}`;
}

function rightColumn(spec: OptionSpec): string {
  const shown = spec.placeholder.split('|').join(', ');
  const kinds = spec.choices.length > 0 && shown !== spec.choices.join(', ') ? [`one of ${valueWords(spec)}`] : [];
  const type = !spec.flag && spec.choices.length === 0 && !(spec.types.length === 1 && spec.types[0] === 'string');
  const notes = [
    ...kinds,
    ...(type ? [valueWords(spec)] : []),
    ...(spec.required ? ['must be given'] : []),
    ...(spec.defaultValue === undefined ? [] : [`default ${defaultWords(spec.defaultValue)}`]),
  ];
  return [spec.description, notes.length > 0 ? `(${notes.join('; ')})` : ''].filter(Boolean).join(' ');
}

/** A default as it would be typed. */
function defaultWords(value: unknown): string {
  if (value === null) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(defaultWords).join(',');
  return typeof value === 'string' ? quoteWord(value) : (JSON.stringify(value) ?? String(value));
}
