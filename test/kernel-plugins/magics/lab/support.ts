import {
  type DisplaySink,
  installSink,
  PluginHost,
  type RichBundle,
  runMagic,
  splitWords,
} from '../../../../kernel-plugins/host';
import { labPlugin } from '../../../../kernel-plugins/magics/lab';
import { LabSession } from '../../../../kernel-plugins/magics/lab/session';
import type { Workbench } from '../../../../src/experiments';

/** Runs lines as the kernel does, from text, and keeps what a cell would show. */
export interface MagicBench {
  readonly host: PluginHost;
  readonly printed: string[];
  readonly code: string[];
  readonly shown: RichBundle[];
  /** `%name args`, or `%%name args` with the cell below. Clears what was shown before. */
  run(line: string, body?: string, signal?: AbortSignal): Promise<unknown>;
  /** All that was shown since, as one text of that type. */
  text(type?: string): string;
  /** Takes `lab` back from the process. */
  close(): void;
}

export function magicBench(workbench: () => Workbench): MagicBench {
  const host = new PluginHost();
  host.register('lab', labPlugin(new LabSession(workbench)));
  const [printed, code, shown]: [string[], string[], RichBundle[]] = [[], [], []];
  const keep = async (bundle: RichBundle | Promise<RichBundle>) => void shown.push(await bundle);
  const sink: DisplaySink = {
    kind: 'kernel',
    present: (value) => host.present(value),
    display: (bundle) => void keep(bundle),
    clear() {},
  };
  return {
    host,
    printed,
    code,
    shown,
    async run(line, body, signal = new AbortController().signal) {
      for (const list of [printed, code, shown]) list.length = 0;
      installSink(sink);
      const [, percents, name, args] = /^(%%?)(\w+)\s*(.*)$/s.exec(line) ?? [];
      if (!name || (percents === '%%') !== (body !== undefined)) throw new Error(`no line of a magic: ${line}`);
      splitWords(args);
      return runMagic(
        host,
        { name, args, body: body ?? null },
        { signal, print: (text) => void printed.push(text), standsFor: (text) => void code.push(text) },
      );
    },
    close: () => void host.unregister('lab'),
    text: (type = 'text/plain') => [...printed, ...shown.map(({ data }) => String(data[type] ?? ''))].join('\n'),
  };
}
