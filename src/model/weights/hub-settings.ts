import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../core';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where models come from and where they are kept, by the variables that Hugging Face's own tools read. */
export interface HubSettings {
  /** HF_ENDPOINT, without a slash at its end. */
  readonly hubUrl: string;
  /** HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub. */
  readonly cacheDir: string;
  /** HF_TOKEN or HUGGING_FACE_HUB_TOKEN. It goes to the hub's own host and nowhere else: no message, no record. */
  readonly token: string | null;
  /** HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE: the network is not to be used. */
  readonly offline: boolean;
}

/** Reads the settings. Throws ConfigError for a token that is none (its text is not shown). */
export function hubSettings(env: Environment = process.env): HubSettings {
  const home = env.HF_HOME ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface');
  const cacheDir = env.HF_HUB_CACHE ?? env.HUGGINGFACE_HUB_CACHE ?? join(home, 'hub');
  const token = (env.HF_TOKEN ?? env.HUGGING_FACE_HUB_TOKEN ?? '').trim();
  if (token !== '' && !/^hf_\w+$/.test(token))
    throw new ConfigError(
      'hubSettings: a hub token must start with "hf_", got another text (from HF_TOKEN or HUGGING_FACE_HUB_TOKEN). Copy the token again, or unset the variable.',
    );
  return {
    hubUrl: (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, ''),
    cacheDir: cacheDir.replace(/^~(?=\/|$)/, homedir()),
    token: token === '' ? null : token,
    offline: isOn(env.HF_HUB_OFFLINE) || isOn(env.TRANSFORMERS_OFFLINE),
  };
}

const isOn = (value: string | undefined): boolean => /^(1|on|yes|true)$/i.test(value ?? '');

/** A model of the hub: 'org/name', at a branch, tag or commit. */
export interface HubRef {
  readonly id: string;
  readonly revision: string;
}

/** Reads 'org/name' or 'org/name@revision'; null if the text has another form. The default revision is 'main'. */
export function parseHubRef(ref: string): HubRef | null {
  const parts = /^([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:@([A-Za-z0-9][\w.-]*(?:\/[\w-][\w.-]*)*))?$/.exec(ref);
  if (!parts || /\.gguf$/i.test(ref) || ref.includes('..')) return null;
  return { id: parts[1], revision: parts[2] ?? 'main' };
}

export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);
