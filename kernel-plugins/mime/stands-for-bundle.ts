import { escapeHtml } from '../../src/analysis/frame/escape-html';
import type { MimeBundle } from './mime-bundle';

/** The library call that a magic stands for: small and folded where HTML shows, a comment and the code elsewhere. */
export function standsForBundle(code: string): { data: MimeBundle } {
  return {
    data: {
      'text/plain': `// stands for:\n${code}`,
      'text/html': `<details style="font-size:85%;opacity:0.75"><summary>stands for</summary><pre>${escapeHtml(code)}</pre></details>`,
    },
  };
}
