import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { ConfigError } from '../../src/core';
import type { Magic } from './magic';
import { type OptionSpec, optionSpecs, valueWords } from './magic-options';
import { splitList, splitWords, type Word, wordFrom } from './magic-words';
import { nearName } from './near-name';

type Given = Map<OptionSpec, Word[]>;

/** Whether the line asks for help: `-h` or `--help` as a word of its own, before any `--`. */
export function asksForHelp(line: string): boolean {
  try {
    const words = splitWords(line).map(({ bare }) => bare);
    const end = words.indexOf('--');
    return (end < 0 ? words : words.slice(0, end)).some((word) => word === '-h' || word === '--help');
  } catch {
    return false;
  }
}

/**
 * Reads the options of a magic from the text after its name, by its schema: `--name value`, `--name=value`, `-n value`, `--flag`,
 * `--no-flag`, positionals, `--` ends options. Lists are `a,b`, or the option repeated. A quoted word is never an option and
 * its commas do not split. Throws ConfigError with all problems in one message, and the near name for a mistyped one.
 */
export function parseMagicArguments(magic: Magic, line: string): Record<string, unknown> {
  const specs = optionSpecs(magic);
  const problems: string[] = [];
  let words: Word[] = [];
  try {
    words = splitWords(line);
  } catch (error) {
    problems.push((error as Error).message.replace(/^splitWords: /, ''));
  }
  const given = distribute(specs, words, problems);
  const values: Record<string, unknown> = {};
  for (const [spec, texts] of given) values[spec.key] = typedValue(spec, texts, problems);
  const parsed = magic.options.safeParse(values);
  if (!parsed.success) {
    const named = new Set(problems.map((problem) => problem.split(':')[0]));
    for (const issue of parsed.error.issues) {
      const spec = specs.find(({ key }) => key === issue.path[0]);
      if (!spec || !named.has(titleOf(spec))) problems.push(issueText(issue, spec, values));
    }
  }
  if (problems.length > 0 || !parsed.success)
    throw new ConfigError(
      [
        `%${magic.name}: its options must be valid, got ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} (from ${`%${magic.name} ${line}`.trim()}).`,
        ...problems.map((problem) => `  ${problem}`),
        `Type %${magic.name} -h for its options.`,
      ].join('\n'),
    );
  return parsed.data;
}

/** Gives each word to its option. */
function distribute(specs: readonly OptionSpec[], words: readonly Word[], problems: string[]): Given {
  const named = specs.filter(({ positional }) => positional === null);
  const { tokens } = parseArgs({
    // Quoted words and negative numbers are values; `words` gives their text back by index.
    args: words.map((word) => (looksLikeOption(word) ? word.text : '.')),
    options: Object.fromEntries(
      named.map((spec) => [
        spec.name.slice(2),
        { type: spec.flag ? ('boolean' as const) : ('string' as const), ...(spec.short && { short: spec.short }) },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given: Given = new Map();
  const put = (spec: OptionSpec, word: Word) => given.set(spec, [...(given.get(spec) ?? []), word]);
  const loose: Word[] = [];
  let lost = false;
  let skipped = -1;
  for (const token of tokens) {
    if (token.index <= skipped && token.kind === 'positional') continue;
    if (token.kind === 'positional') loose.push(words[token.index]);
    if (token.kind !== 'option') continue;
    const spec = named.find(({ name }) => name === `--${token.name}`);
    const negated = named.find(({ name, flag }) => flag && `no-${name.slice(2)}` === token.name);
    if (!spec && negated && token.value === undefined) put(negated, plain('false'));
    else if (!spec) {
      lost = true;
      problems.push(unknownOption(token.rawName, named));
    } else if (spec.flag) put(spec, plain(token.value ?? 'true'));
    else if (token.value === undefined)
      problems.push(`${spec.name}: must have a value (${valueWords(spec)}), got none.`);
    else if (token.inlineValue) {
      const word = words[token.index];
      put(spec, wordFrom(word, word.text.length - token.value.length));
    } else if (looksLikeOption(words[token.index + 1])) {
      lost = true;
      problems.push(
        `${spec.name}: must have a value (${valueWords(spec)}), got the option ${words[token.index + 1].text}. Put a value that starts with a dash in quotes.`,
      );
    } else {
      skipped = token.index + 1;
      put(spec, words[skipped]);
      // `--labels a, b`: a list goes on after a comma.
      while (
        spec.list &&
        words[skipped].bare.endsWith(',') &&
        words[skipped + 1] &&
        !looksLikeOption(words[skipped + 1])
      )
        put(spec, words[++skipped]);
    }
  }
  placeLoose(specs, loose, lost, put, problems);
  for (const [spec, texts] of given)
    if (!spec.list && texts.length > 1)
      problems.push(`${titleOf(spec)}: must be given once, got ${texts.map(({ text }) => show(text)).join(' and ')}.`);
  return given;
}

function placeLoose(
  specs: readonly OptionSpec[],
  loose: readonly Word[],
  lost: boolean,
  put: (spec: OptionSpec, word: Word) => void,
  problems: string[],
): void {
  const single = specs.filter(({ positional }) => positional === 'one');
  const rest = specs.find(({ positional }) => positional === 'rest');
  const excess: string[] = [];
  loose.forEach((word, index) => {
    if (index < single.length) put(single[index], word);
    else if (rest) put(rest, word);
    else excess.push(show(word.text));
  });
  // After an unknown option its value stands alone too; one problem is enough to say so.
  if (excess.length > 0 && !lost) {
    const takes = single.length === 0 ? 'no words without a dash' : `at most ${single.length} without a dash`;
    problems.push(`takes ${takes}, got ${excess.join(' ')}. Quote text with spaces; name options as --name value.`);
  }
}

function looksLikeOption(word: Word | undefined): boolean {
  return word !== undefined && /^-./.test(word.bare) && !/^-[.\d]/.test(word.bare) && !word.bare.startsWith('-\0');
}

function unknownOption(typed: string, named: readonly OptionSpec[]): string {
  const names = [
    ...named.map(({ name }) => name),
    ...named.flatMap(({ flag, name }) => (flag ? [`--no-${name.slice(2)}`] : [])),
    '--help',
  ];
  const near = typed.startsWith('--')
    ? nearName(
        typed.slice(2),
        names.map((name) => name.slice(2)),
      )
    : null;
  return `${typed}: unknown option${near ? `; did you mean --${near}?` : '.'}`;
}

function typedValue(spec: OptionSpec, words: readonly Word[], problems: string[]): unknown {
  if (!spec.list) return scalarOf(spec, words[words.length - 1].text);
  // Positional free text keeps its commas: a label's wording would lose them without a word.
  const split = spec.positional === null || spec.choices.length > 0 || !spec.types.includes('string');
  const pieces = split ? words.flatMap(splitList) : words.map(({ text }) => text);
  if (pieces.includes('') && split)
    problems.push(
      `${titleOf(spec)}: a list must have no empty places, got ${show(words.map(({ text }) => text).join(' '))}.`,
    );
  return pieces.map((piece) => scalarOf(spec, piece));
}

/** The text as a number, flag or choice where the schema allows one; else as it is, for the schema to judge. */
function scalarOf(spec: OptionSpec, text: string): unknown {
  const choice = spec.choices.find((candidate) => String(candidate) === text);
  if (choice !== undefined) return choice;
  if (spec.types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  const numeric = spec.types.includes('number') || spec.types.includes('integer');
  if (numeric && /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
    const value = Number(text);
    if (!spec.types.includes('string') || String(value) === text) return value;
  }
  return text;
}

function issueText(issue: z.core.$ZodIssue, spec: OptionSpec | undefined, values: Record<string, unknown>): string {
  if (!spec) return `${issue.message}${issue.message.endsWith('.') ? '' : '.'}`;
  const value = issue.path.reduce<unknown>((inside, key) => (inside as Record<PropertyKey, unknown>)?.[key], values);
  const must = valueWords(spec);
  if (!(spec.key in values)) return `${titleOf(spec)}: must be given (${must}).`;
  const typed = issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union';
  if (!typed) return `${titleOf(spec)}: ${issue.message}, got ${show(value)}.`;
  const near = spec.choices.length > 0 && typeof value === 'string' ? nearName(value, spec.choices.map(String)) : null;
  return `${titleOf(spec)}: must be ${must}, got ${show(value)}.${near ? ` Did you mean ${near}?` : ''}`;
}

function titleOf(spec: OptionSpec): string {
  return spec.positional ? spec.placeholder : spec.name;
}

function plain(text: string): Word {
  return { text, bare: text };
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value));
}
