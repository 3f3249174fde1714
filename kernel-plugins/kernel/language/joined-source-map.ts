import { SourceMap } from 'node:module';
import { basename } from 'node:path';

// biome-ignore lint/suspicious/noExplicitAny: tslab's fork of TypeScript has no declarations, and these parts of it are internal.
type TypeScript = any;

/**
 * One source map for two passes: places of `outer`'s output, told in the source of `inner`, whose output `outer` read. Both are
 * version 3 JSON. The source is named by its file name alone: local modules are compiled beside their source.
 */
export function joinSourceMaps(ts: TypeScript, inner: string, outer: string): string {
  const first = JSON.parse(inner);
  const lookup = new SourceMap(first);
  const host = { getCurrentDirectory: () => '/', getCanonicalFileName: (name: string) => name };
  const joined = ts.createSourceMapGenerator(host, '', '', '/', {});
  const source = joined.addSource(`/${basename(first.sources[0])}`);
  for (const at of ts.decodeMappings(JSON.parse(outer).mappings)) {
    if (at.sourceIndex === undefined) continue;
    const entry = lookup.findEntry(at.sourceLine, at.sourceCharacter);
    if (!('originalLine' in entry)) continue;
    joined.addMapping(at.generatedLine, at.generatedCharacter, source, entry.originalLine, entry.originalColumn);
  }
  return joined.toString();
}
