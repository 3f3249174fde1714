/**
 * What is wrong with a Node version such as 'v20.19.0', as one sentence, or null.
 * The project is CommonJS and requires packages that are ES modules: Node does that from 20.19, and from 22.12.
 */
export function nodeProblem(version) {
  const parts = version.replace('v', '').split('.').map(Number);
  const major = parts[0];
  const minor = parts[1];
  const works = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 23;
  if (works) return null;
  return (
    `set-up: Node must be 20.19 or newer (of the 22 line: 22.12 or newer), got ${version} ` +
    '(the node that ran this). Install a current Node and run the same command again.'
  );
}
