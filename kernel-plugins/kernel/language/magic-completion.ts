import type { MagicInfo, OptionInfo } from '../../host/magic';

/** What can stand at the cursor of a magic's line. */
export interface MagicCompletion {
  readonly matches: readonly string[];
  /** How many characters before the cursor a match replaces. */
  readonly replaces: number;
  /** A source of further values that start with `prefix`; null if `matches` is all. */
  readonly source: string | null;
  readonly prefix: string;
}

const beginsMagic = /^(?:[^%\n]*=)?[^\S\n]*(?:await[^\S\n]+)?(%{1,2})(?:(\w*)$|(\w+)[^\S\n]+(.*)$)/;

/** Completes the name, the options and their values; null where the line is not a magic's. `first`: the cell's first line. */
export function completeMagic(
  beforeCursor: string,
  first: boolean,
  magics: readonly MagicInfo[],
): MagicCompletion | null {
  const match = beginsMagic.exec(beforeCursor);
  if (!match) return null;
  const [, percent, partName, name, args] = match;
  if (name === undefined) return completeName(percent, partName, first, magics);
  const magic = magics.find((known) => known.name === name);
  if (!magic) return { matches: [], replaces: 0, source: null, prefix: '' };
  return completeArgument(args, magic);
}

function completeName(percent: string, part: string, first: boolean, magics: readonly MagicInfo[]): MagicCompletion {
  const matches = magics
    .filter(({ name }) => name.startsWith(part))
    .flatMap(({ name, kind }) => [
      ...(percent === '%' && kind !== 'cell' ? [`%${name}`] : []),
      ...(first && kind !== 'line' ? [`%%${name}`] : []),
    ]);
  return { matches, replaces: percent.length + part.length, source: null, prefix: '' };
}

function completeArgument(args: string, magic: MagicInfo): MagicCompletion {
  const words = args.split(/\s+/);
  const word = words[words.length - 1];
  const assigned = /^(--[\w-]+)=(.*)$/.exec(word);
  if (assigned) return values(named(magic, assigned[1]), assigned[2]);
  const before = words.length > 1 ? named(magic, words[words.length - 2]) : undefined;
  if (before?.takesValue) return values(before, word);
  const options = magic.options.filter((option) => option.positional === null);
  if (word.startsWith('-'))
    return {
      matches: [...options.map((option) => option.name), '--help'].filter((name) => name.startsWith(word)),
      replaces: word.length,
      source: null,
      prefix: '',
    };
  const positional = values(nextPositional(magic, words.slice(0, -1)), word);
  const names = word === '' ? options.map((option) => option.name) : [];
  return { ...positional, matches: [...positional.matches, ...names] };
}

function named(magic: MagicInfo, word: string): OptionInfo | undefined {
  return magic.options.find(
    (option) =>
      option.positional === null && (option.name === word || (option.short !== null && `-${option.short}` === word)),
  );
}

/** Words that are neither options nor their values fill the positionals in order. */
function nextPositional(magic: MagicInfo, words: readonly string[]): OptionInfo | undefined {
  const positionals = magic.options.filter((option) => option.positional !== null);
  const given = words.filter(
    (word, at) => word !== '' && !word.startsWith('-') && !named(magic, words[at - 1] ?? '')?.takesValue,
  );
  return positionals[given.length] ?? positionals.find((option) => option.positional === 'rest');
}

/** Values of a list are completed one by one, after the last comma. */
function values(option: OptionInfo | undefined, word: string): MagicCompletion {
  const prefix = word.slice(word.lastIndexOf(',') + 1);
  return {
    matches: (option?.choices ?? []).filter((choice) => choice.startsWith(prefix)),
    replaces: prefix.length,
    source: option?.complete ?? null,
    prefix,
  };
}

/** The help of the magic under the cursor, or of its option; null where the line is not a magic's. */
export function inspectMagic(line: string, column: number, magics: readonly MagicInfo[]): string | null {
  const match = /^(?:[^%\n]*=)?\s*(?:await\s+)?%{1,2}(\w+)/.exec(line);
  const magic = match && magics.find((known) => known.name === match[1]);
  if (!magic) return null;
  const start = line.slice(0, column).search(/\S*$/);
  const word = /^\S*/.exec(line.slice(start))![0].replace(/=.*/, '');
  const option = word.startsWith('-') ? named(magic, word) : undefined;
  if (!option) return magic.help;
  const choices = option.choices.length > 0 ? `\nOne of: ${option.choices.join(', ')}` : '';
  return `${option.name}: ${option.description}${choices}`;
}
