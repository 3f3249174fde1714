import { type KeySource, keyBlank, keyForms } from './key';

/** A header may hold characters of one byte only. */
const headerBlank = '*'.repeat(keyBlank.length);

/**
 * A `fetch` whose answers never hold the key, in body, headers or status: a proxy may write the request's headers into all of them,
 * and what an answer holds is stored, shown and thrown.
 */
export function keyFreeFetch(fetch: typeof globalThis.fetch, key: KeySource): typeof globalThis.fetch {
  const forms = keyForms(key.reveal());
  return async (input, init) => {
    const answer = await fetch(input, init);
    // A filtered answer shows nothing, and cannot be made again.
    if (answer.status < 200) return answer;
    const headers = new Headers();
    answer.headers.forEach((value, name) => {
      headers.append(name, without(value, forms, headerBlank));
    });
    // The body is decoded here, and its length changes with what is blanked.
    for (const name of ['content-length', 'content-encoding']) headers.delete(name);
    const body = answer.body
      ?.pipeThrough(new TextDecoderStream())
      .pipeThrough(blanking(forms))
      .pipeThrough(new TextEncoderStream());
    const { status } = answer;
    return new Response(body ?? null, { status, statusText: without(answer.statusText, forms, headerBlank), headers });
  };
}

/** Keeps back as much as could be the beginning of a key, so that none passes in two pieces. */
function blanking(forms: readonly string[]): TransformStream<string, string> {
  const keep = Math.max(...forms.map((form) => form.length)) - 1;
  let held = '';
  return new TransformStream({
    transform(piece, stream) {
      const text = without(held + piece, forms, keyBlank);
      const shown = Math.max(0, text.length - keep);
      held = text.slice(shown);
      if (shown > 0) stream.enqueue(text.slice(0, shown));
    },
    flush(stream) {
      if (held !== '') stream.enqueue(held);
    },
  });
}

function without(text: string, forms: readonly string[], blank: string): string {
  let out = text;
  for (const form of forms) if (out.includes(form)) out = out.replaceAll(form, blank);
  return out;
}
