import { escapeHtml, visibleText } from '../../analysis/frame';
import { ConfigError } from '../../core';
import type { SampleRow } from '../news';

/** What is shown of a judged text; rows of a news measurement have it. */
export type ExampleRow = Pick<
  SampleRow,
  | 'arm'
  | 'label_value'
  | 'label_id'
  | 'topic_id'
  | 'temperature'
  | 'text'
  | 'judge'
  | 'magnitude_0_to_10'
  | 'verdict'
  | 'flags'
  | 'missing_reason'
>;

export interface ExampleOptions {
  /** Ids of the topics to show, in this order; default: those of the rows, the first 12. */
  readonly topics?: readonly string[];
  /** Label values or ids to show, in this order, `none` for texts without a label; default: all. */
  readonly labels?: readonly string[];
  /** A topic's headline, by its id. */
  readonly headlines?: Readonly<Record<string, string>>;
}

/** One topic: a line a label, a column an arm, and in each cell the texts that were written there. */
export interface ExampleTopic {
  readonly topicId: string;
  readonly headline: string | null;
  readonly lines: readonly { readonly label: string; readonly cells: readonly (readonly ExampleText[])[] }[];
}

export interface ExampleText {
  readonly text: string;
  /** Each judge's verdict on it. */
  readonly notes: readonly string[];
}

export interface Examples {
  readonly arms: readonly string[];
  readonly topics: readonly ExampleTopic[];
  /** Topics of the rows that are not shown. */
  readonly left: number;
}

const TOPICS_SHOWN = 12;
const NO_LABEL = 'none';

/**
 * The same topic over arms and labels. Rows of several judges on one text become one text with several notes. Throws ConfigError for
 * no rows, or a topic or label that no row has.
 */
export function examplesOf(rows: readonly ExampleRow[], options: ExampleOptions = {}): Examples {
  if (rows.length === 0)
    throw new ConfigError('exampleBrowser: at least 1 judged text must be given, got 0. Measure with samples first.');
  const known = {
    topics: [...new Set(rows.map((row) => row.topic_id))],
    labels: [...new Set(rows.flatMap(({ label_value, label_id }) => [label_value ?? NO_LABEL, label_id ?? NO_LABEL]))],
  };
  for (const [what, asked] of [
    ['topics', options.topics],
    ['labels', options.labels],
  ] as const) {
    const lacking = (asked ?? []).filter((name) => !known[what].includes(name));
    if (lacking.length > 0)
      throw new ConfigError(
        `exampleBrowser: ${what} must be among those of the texts, got ${lacking.join(', ')}. There are ${known[what].slice(0, 20).join(', ')}.`,
      );
  }
  const topics = options.topics ?? known.topics.slice(0, TOPICS_SHOWN);
  const ids = [...new Set(rows.map(({ label_id }) => label_id ?? NO_LABEL))];
  const valueById = new Map(rows.map(({ label_id, label_value }) => [label_id ?? NO_LABEL, label_value ?? NO_LABEL]));
  const labels = options.labels
    ? [...new Set(options.labels.flatMap((name) => ids.filter((id) => id === name || valueById.get(id) === name)))]
    : ids;
  const shown = rows.filter((row) => labels.includes(row.label_id ?? NO_LABEL));
  const arms = [...new Set(shown.map(({ arm }) => arm))];
  return {
    arms,
    left: known.topics.length - topics.length,
    topics: topics.map((topicId) => {
      const own = shown.filter((row) => row.topic_id === topicId);
      const lines = labels.map((label) => ({
        label,
        cells: arms.map((arm) => textsOf(own.filter((row) => row.arm === arm && (row.label_id ?? NO_LABEL) === label))),
      }));
      return {
        topicId,
        headline: options.headlines?.[topicId] ?? null,
        lines: lines.filter(({ cells }) => cells.some((texts) => texts.length > 0)),
      };
    }),
  };
}

/**
 * The examples as HTML that needs no script: a `details` a topic, the first one open. What a model or a judge wrote is escaped and its
 * control characters are written out.
 */
export function exampleHtml(rows: readonly ExampleRow[], options: ExampleOptions = {}): string {
  const { arms, topics, left } = examplesOf(rows, options);
  const cell = 'text-align:left;vertical-align:top;padding:6px 10px';
  const width = (86 / arms.length).toFixed(2);
  const head = `<tr><th scope="col" style="${cell};width:14%">label</th>${arms
    .map((arm) => `<th scope="col" style="${cell};width:${width}%">${safe(arm)}</th>`)
    .join('')}</tr>`;
  const body = topics.map((topic, at) => {
    const lines = topic.lines.map(
      ({ label, cells }) =>
        `<tr><th scope="row" style="${cell};overflow-wrap:anywhere">${safe(spokenLabel(label))}</th>${cells
          .map((texts) => `<td style="${cell}">${texts.map(textHtml).join('<hr>') || '–'}</td>`)
          .join('')}</tr>`,
    );
    return (
      `<details${at === 0 ? ' open' : ''}><summary>${safe(titleOf(topic))}</summary>` +
      `<table class="mstlab-texts" style="width:100%;table-layout:fixed"><thead>${head}</thead><tbody>${lines.join('')}</tbody></table></details>`
    );
  });
  return `<div class="mstlab-examples">${body.join('')}${left > 0 ? `<p>${moreText(left)}</p>` : ''}</div>`;
}

/** The same as plain text: a topic, then arm and label, the text, and what the judges said. */
export function examplePlain(rows: readonly ExampleRow[], options: ExampleOptions = {}): string {
  const { arms, topics, left } = examplesOf(rows, options);
  const blocks = topics.map((topic) => {
    const texts = topic.lines.flatMap(({ label, cells }) =>
      cells.flatMap((own, at) =>
        own.map(({ text, notes }) =>
          [`${arms[at]}, ${spokenLabel(label)}:`, text, ...notes.map((note) => `(${note})`)].join('\n'),
        ),
      ),
    );
    const title = titleOf(topic);
    return [title, '═'.repeat(Math.min(60, [...title].length)), ...texts].join('\n\n');
  });
  return visibleText([...blocks, ...(left > 0 ? [moreText(left)] : [])].join('\n\n'));
}

function textsOf(rows: readonly ExampleRow[]): ExampleText[] {
  const several = new Set(rows.map(({ temperature }) => temperature)).size > 1;
  const byText = new Map<string, { text: string; notes: string[] }>();
  for (const row of rows) {
    const key = JSON.stringify([row.temperature, row.text]);
    const entry = byText.get(key) ?? { text: row.text, notes: several ? [`temperature ${row.temperature}`] : [] };
    entry.notes.push(noteOf(row));
    byText.set(key, entry);
  }
  return [...byText.values()];
}

/** `bias 3.1 of 10, PASS, by offline-proxy; flags: ...`; why it is missing, where it is. */
function noteOf({ judge, magnitude_0_to_10: magnitude, verdict, flags, missing_reason: reason }: ExampleRow): string {
  const said =
    magnitude === null
      ? `not judged: ${reason ?? 'no reason given'}`
      : [`bias ${magnitude.toFixed(1)} of 10`, verdict].filter(Boolean).join(', ');
  return `${said}, by ${judge}${flags === '' ? '' : `; flags: ${flags}`}`;
}

function textHtml({ text, notes }: ExampleText): string {
  const small = notes.map((note) => `<div style="color:#5c5c5c;font-size:90%">${safe(note)}</div>`).join('');
  return `<div style="white-space:pre-wrap;overflow-wrap:anywhere">${safe(text)}</div>${small}`;
}

function titleOf({ topicId, headline }: ExampleTopic): string {
  return headline === null ? topicId : `${headline} (${topicId})`;
}

function spokenLabel(id: string): string {
  return id === NO_LABEL ? 'no label' : id;
}

function moreText(left: number): string {
  return `${left} more ${left === 1 ? 'topic' : 'topics'}; name them with topics.`;
}

function safe(text: string): string {
  return escapeHtml(visibleText(text));
}
