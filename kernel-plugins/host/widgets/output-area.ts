import { encodeBytes, type RichBundle } from '../mime-bundle';
import { currentSink } from '../sink';
import { type StillView, safeHtml, stillGroup, textOfHtml } from './still-view';
import { Widget, type WidgetOptions } from './widget';

/** An output as notebook files hold it. */
type Output =
  | { readonly output_type: 'stream'; readonly name: 'stdout'; readonly text: string }
  | {
      readonly output_type: 'display_data';
      readonly data: Readonly<Record<string, unknown>>;
      readonly metadata: Readonly<Record<string, unknown>>;
    };

interface Slot {
  /** Null while its bundle is being drawn. */
  output: Output | null;
  /** Takes away what stood before it, once it is there. */
  readonly replaces: boolean;
}

/** A place for outputs: whatever a cell could show, replaced or added to at any time, also from a handler. */
export class OutputArea extends Widget {
  private slots: Slot[] = [];

  constructor(options: WidgetOptions) {
    super(
      { module: '@jupyter-widgets/output', model: 'OutputModel', view: 'OutputView' },
      { msg_id: '', outputs: [] },
      options,
      // The front end writes back what it drew; what stands here stays what we put here.
      {},
    );
  }

  /** What is shown, as a notebook file would hold it. */
  get outputs(): readonly Output[] {
    return this.slots.flatMap(({ output }) => output ?? []);
  }

  /**
   * Shows a value in the place of all that stands here: text as it is, a figure as a live chart without the picture (which takes half
   * a second to draw), anything else as a cell would. What is shown stays until the new value is drawn; settles then.
   */
  show(value: unknown): Promise<void> {
    return this.put(value, true);
  }

  /** Shows a value below what stands here. */
  append(value: unknown): Promise<void> {
    return this.put(value, false);
  }

  clear(): void {
    this.slots = [];
    this.update();
  }

  still(): StillView {
    return stillGroup(this.outputs.map(stillOutput), 'column');
  }

  private async put(value: unknown, replaces: boolean): Promise<void> {
    const slot: Slot = { output: null, replaces };
    this.slots.push(slot);
    const drawn = outputOf(value);
    slot.output = drawn instanceof Promise ? await drawn : drawn;
    this.update();
  }

  private update(): void {
    const from = this.slots.findLastIndex(({ output, replaces }) => replaces && output !== null);
    if (from > 0) this.slots = this.slots.slice(from);
    this.model.set({ outputs: this.outputs });
  }
}

function outputOf(value: unknown): Output | Promise<Output> {
  if (typeof value === 'string') return { output_type: 'stream', name: 'stdout', text: value };
  if (looksLikeFigure(value))
    return import('../../mime/figure-bundle.js').then(({ liveFigureBundle }) =>
      displayData({ data: liveFigureBundle(value as never) }),
    );
  const bundle = currentSink().present(value);
  return bundle instanceof Promise ? bundle.then(displayData, failed) : displayData(bundle);
}

function displayData({ data, metadata = {} }: RichBundle): Output {
  return { output_type: 'display_data', data: encodeBytes(data), metadata };
}

function failed(error: unknown): Output {
  return { output_type: 'stream', name: 'stdout', text: `This could not be shown: ${String(error)}` };
}

function looksLikeFigure(value: unknown): boolean {
  const { data, layout } = (value ?? {}) as { data?: unknown; layout?: unknown };
  return Array.isArray(data) && layout !== null && typeof layout === 'object' && !Array.isArray(layout);
}

function stillOutput(output: Output): StillView {
  if (output.output_type === 'stream') return plain(output.text);
  const { 'text/html': html, 'text/plain': text, 'image/png': png } = output.data;
  const words = typeof text === 'string' ? text : typeof html === 'string' ? textOfHtml(html) : '';
  if (typeof html === 'string') return { html, text: words };
  if (typeof png === 'string')
    return { html: `<img src="data:image/png;base64,${png}" alt="${safeHtml(words)}">`, text: words };
  return plain(words);
}

function plain(text: string): StillView {
  return { html: `<pre>${safeHtml(text)}</pre>`, text };
}
