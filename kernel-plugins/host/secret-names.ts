/** Names under which keys, tokens and passwords stand; `PWD` alone is the working directory, an author no authority. */
const secretName =
  /key|token|secret|passw|passphrase|credential|auth(?!or(?!i[sz]))|cookie|private|_pat$|_pwd$|_dsn$|^ANTHROPIC_CUSTOM_HEADERS$/i;
/** A session may be named by its key, and by what everybody may know, such as the notebook's path. */
const sessionName = /session/i;
/** Names of what leads to a secret and is none itself. */
const wayName = /_(file|path|dir|sock|url|host|name|email)$/i;

/** True for a variable whose value is never listed. */
export function isSecretName(name: string): boolean {
  return secretName.test(name) || sessionName.test(name);
}

/** True for a variable whose value no output may show. */
export function namesSecret(name: string): boolean {
  return secretName.test(name) && !wayName.test(name);
}

/** A text shorter than this, or one that is a word or a number, stands in too many texts to be blanked out of all of them. */
const shortest = 8;
const tooCommon = /^([a-z]+|[A-Z]?[a-z]+|\d{1,11})$/;
const passwordOfAddress = /\b[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:([^\s/@]+)@/gi;

/** The texts within an environment variable that no output may show. */
export function secretsOf(name: string, value: string): string[] {
  const within = [...value.matchAll(passwordOfAddress)].map((match) => match[1]);
  const lines = /_HEADERS$/.test(name) ? value.split('\n').map((line) => line.slice(line.indexOf(':') + 1)) : [value];
  const whole = namesSecret(name) ? lines : [];
  return [...whole, ...within]
    .map((text) => text.trim())
    .filter((text) => text.length >= shortest && !tooCommon.test(text));
}
