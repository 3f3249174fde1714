import type { Magic, MagicInfo } from './magic';
import { magicHelp } from './magic-help';
import { optionInfos, optionSpecs } from './magic-options';

/** A magic as plain data for the process that completes and rewrites cells. Throws ConfigError if its declaration is unsound. */
export function magicInfo(magic: Magic): MagicInfo {
  return {
    name: magic.name,
    kind: magic.kind,
    summary: magic.summary,
    help: magicHelp(magic),
    returns: magic.returns ?? null,
    options: optionInfos(optionSpecs(magic)),
  };
}
