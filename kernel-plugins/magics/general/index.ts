import type { RegisterPlugin } from '../../host';
import { envMagic, envNames } from './env';
import { extensions } from './extensions';
import { lsmagic } from './lsmagic';
import { npm } from './npm';
import type { GeneralServices } from './services';
import { time } from './time';
import { who } from './who';

export type { GeneralServices } from './services';

/** The magics that have nothing to do with labels: what is there, how long it took, packages, environment, extensions. */
export function generalMagics(services: GeneralServices): RegisterPlugin {
  return ({ magics, completions }) => {
    const { magics: ofExtensions, completion } = extensions(services);
    for (const magic of [
      lsmagic(services.host),
      time,
      who(services),
      envMagic(process.env),
      npm(services),
      ...ofExtensions,
    ])
      magics.add(magic);
    completions.add(envNames(process.env));
    completions.add(completion);
  };
}
