import { z } from 'zod';
import { ConfigError } from '../../src/core';
import type { Magic, OptionInfo } from './magic';

type Scalar = string | number | boolean | null;

/** The part of JSON schema that zod writes for an option, with what `.meta` added. */
interface FieldSchema {
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly FieldSchema[];
  readonly oneOf?: readonly FieldSchema[];
  readonly enum?: readonly Scalar[];
  readonly const?: Scalar;
  readonly items?: FieldSchema | boolean;
  readonly prefixItems?: readonly FieldSchema[];
  readonly default?: unknown;
  readonly description?: string;
  readonly short?: string;
  readonly positional?: 'one' | 'rest';
  readonly complete?: string;
  readonly placeholder?: string;
}

/** One option as parsing, help and completion need it; read from its field of the schema. */
export interface OptionSpec {
  readonly key: string;
  /** `--top-p`. */
  readonly name: string;
  readonly short: string | null;
  readonly positional: 'one' | 'rest' | null;
  readonly complete: string | null;
  /** Stands for a value in usage lines: N, TEXT, NAME. */
  readonly placeholder: string;
  readonly description: string;
  /** What one value may be; empty means any text. */
  readonly types: readonly ('boolean' | 'number' | 'integer' | 'string')[];
  /** All allowed values, where they are listed; types of their own may stand beside them. */
  readonly choices: readonly Exclude<Scalar, null>[];
  readonly list: boolean;
  /** Takes no value: `--flag`, `--no-flag`. */
  readonly flag: boolean;
  readonly required: boolean;
  /** Undefined where there is none. */
  readonly defaultValue: unknown;
}

/** `topP` → `--top-p`. */
export function optionName(key: string): string {
  return `--${key.replace(/_/g, '-').replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`)}`.toLowerCase();
}

/**
 * The options of a magic in the order of its schema, and a first check of the declaration itself. Throws ConfigError, all problems
 * in one message, if a field is of a type that no command line can give, or names, letters or positionals collide.
 */
export function optionSpecs(magic: Magic): OptionSpec[] {
  const schema = z.toJSONSchema(magic.options, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, FieldSchema>;
    required?: string[];
  };
  const specs = Object.entries(schema.properties ?? {}).map(([key, field]) =>
    specOf(key, field, schema.required?.includes(key) ?? false),
  );
  const problems = declarationProblems(magic, specs);
  if (problems.length > 0)
    throw new ConfigError(
      [`magic %${magic.name}: its declaration must be sound, got ${problems.length} problems.`, ...problems].join(
        '\n  ',
      ),
    );
  return specs;
}

function specOf(key: string, field: FieldSchema, required: boolean): OptionSpec {
  const list = variants(field).some((variant) => variant.type === 'array');
  const values = list ? variants(field).flatMap(itemsOf) : variants(field);
  const types = [...new Set(values.flatMap(typesOf))] as OptionSpec['types'];
  const choices = values
    .flatMap((value) => value.enum ?? (value.const !== undefined ? [value.const] : []))
    .filter((choice): choice is Exclude<Scalar, null> => choice !== null);
  const flag = !list && types.length === 1 && types[0] === 'boolean' && choices.length === 0;
  return {
    key,
    name: optionName(key),
    short: field.short ?? null,
    positional: field.positional ?? null,
    complete: field.complete ?? null,
    placeholder: field.placeholder ?? placeholderOf(key, types, choices, field.positional !== undefined),
    description: field.description ?? '',
    types,
    choices,
    list,
    flag,
    required,
    defaultValue: field.default,
  };
}

/** The alternatives of a field without "missing" and "null", which the command line has no word for. */
function variants(field: FieldSchema): FieldSchema[] {
  const alternatives = field.anyOf ?? field.oneOf;
  if (alternatives) return alternatives.flatMap(variants);
  return field.type === 'null' ? [] : [field];
}

function itemsOf(field: FieldSchema): FieldSchema[] {
  const items = [...(field.prefixItems ?? []), ...(typeof field.items === 'object' ? [field.items] : [])];
  return items.flatMap(variants);
}

/** Types that values may have beside the listed choices. */
function typesOf(field: FieldSchema): string[] {
  if (field.enum || field.const !== undefined) return [];
  const types = field.type === undefined ? [] : [field.type].flat();
  return types.filter((type) => type !== 'null') as string[];
}

function placeholderOf(
  key: string,
  types: readonly string[],
  choices: readonly unknown[],
  positional: boolean,
): string {
  if (positional) return optionName(key).slice(2).toUpperCase();
  if (choices.length > 0) return types.length === 0 && choices.length <= 4 ? choices.join('|') : 'CHOICE';
  if (types.includes('number') || types.includes('integer')) return 'N';
  return 'TEXT';
}

function declarationProblems(magic: Magic, specs: readonly OptionSpec[]): string[] {
  const problems: string[] = [];
  const taken = new Map([
    ['--help', 'help'],
    ['-h', 'help'],
  ]);
  const take = (name: string, key: string) => {
    const owner = taken.get(name);
    if (owner) problems.push(`${name} must have one meaning, got "${owner}" and "${key}".`);
    else taken.set(name, key);
  };
  if (!/^[a-z][a-z0-9_]*$/.test(magic.name))
    problems.push(`the name must be lower case letters, digits and _, got "${magic.name}".`);
  for (const spec of specs) {
    if (spec.positional === null) take(spec.name, spec.key);
    if (spec.flag) take(`--no-${spec.name.slice(2)}`, spec.key);
    if (spec.short !== null && !/^[a-zA-Z]$/.test(spec.short))
      problems.push(`${spec.key}: its short form must be one letter, got "${spec.short}".`);
    else if (spec.short !== null) take(`-${spec.short}`, spec.key);
    const unusable = spec.types.filter((type) => !['boolean', 'number', 'integer', 'string'].includes(type));
    if (unusable.length > 0)
      problems.push(
        `${spec.key}: its type must be boolean, number, string, choices or a list of these, got ${unusable.join(', ')}.`,
      );
    if (spec.positional === 'rest' && !spec.list) problems.push(`${spec.key}: a "rest" positional must be a list.`);
    if (spec.positional === 'one' && spec.list) problems.push(`${spec.key}: a list must be a "rest" positional.`);
    if (spec.positional && spec.flag) problems.push(`${spec.key}: a flag cannot be positional.`);
  }
  const rest = specs.filter((spec) => spec.positional === 'rest');
  if (rest.length > 1)
    problems.push(`only one option may take the rest, got ${rest.map(({ key }) => key).join(', ')}.`);
  return problems;
}

/** What one value must be, in words: `a number`, `low, high or a number`. */
export function valueWords(spec: OptionSpec): string {
  const words = [
    ...spec.choices.map(String),
    ...(spec.types.includes('number') ? ['a number'] : spec.types.includes('integer') ? ['a whole number'] : []),
    ...(spec.types.includes('boolean') ? ['true', 'false'] : []),
    ...(spec.types.includes('string') ? ['text'] : []),
  ];
  if (words.length === 0) return 'text';
  return words.length === 1 ? words[0] : `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`;
}

/** The options as plain data; a flag in both its forms. Completion knows `--help` by itself. */
export function optionInfos(specs: readonly OptionSpec[]): OptionInfo[] {
  return specs.flatMap((spec): OptionInfo[] => {
    const info: OptionInfo = {
      name: spec.positional ? spec.placeholder : spec.name,
      short: spec.positional ? null : spec.short,
      positional: spec.positional,
      takesValue: !spec.flag,
      choices: spec.choices.map(String),
      complete: spec.complete,
      description: spec.description,
    };
    return spec.flag ? [info, { ...info, name: `--no-${spec.name.slice(2)}`, short: null }] : [info];
  });
}
