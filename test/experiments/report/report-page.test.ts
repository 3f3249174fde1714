import { createHash } from 'node:crypto';
import { JSDOM } from 'jsdom';
import { beforeAll, describe, expect, it } from 'vitest';
import { frameOf, visibleText } from '../../../src/analysis/frame';
import { reportHtml } from '../../../src/experiments/report/report-page';
import { HOSTILE } from './tiny-run';

const figure = (text: string) => ({
  data: [{ type: 'bar' as const, x: [text], y: [1] }],
  layout: { title: { text }, width: 400, height: 200 },
  alt: text,
});

describe('a report page', () => {
  let html: string;
  let document: Document;
  beforeAll(async () => {
    html = await reportHtml({
      title: HOSTILE,
      subtitle: HOSTILE,
      sections: [
        {
          title: HOSTILE,
          blocks: [
            { kind: 'paragraphs', texts: [HOSTILE] },
            { kind: 'list', items: [HOSTILE] },
            { kind: 'text', caption: HOSTILE, text: HOSTILE },
            { kind: 'pairs', head: [HOSTILE], rows: [[HOSTILE]] },
            { kind: 'frame', caption: HOSTILE, frame: frameOf({ text: [HOSTILE, null] }) },
            { kind: 'figure', figure: figure(HOSTILE) },
          ],
        },
        { title: 'Second', blocks: [{ kind: 'figure', figure: figure('plain') }] },
      ],
    });
    document = new JSDOM(html).window.document;
  });

  it('has a heading a section, a way to it, and each of its blocks', () => {
    expect([...document.querySelectorAll('h2')].map(({ textContent }) => textContent)[1]).toBe('Second');
    const links = [...document.querySelectorAll('nav a')].map((link) => link.getAttribute('href'));
    expect(links).toEqual(['#part-0', '#part-1']);
    for (const link of links) expect(document.querySelector(link!)).not.toBeNull();
    for (const selector of ['p', 'li', 'details pre', 'table.pairs td', 'table.mstlab-frame td'])
      expect(document.querySelector(`section ${selector}`)?.textContent, selector).toContain('window.hit = 1');
  });

  it('holds Plotly once, every figure live, and as a picture where scripts do not run', () => {
    expect(document.querySelectorAll('script')).toHaveLength(3);
    const figures = JSON.parse(document.getElementById('figures')!.textContent!);
    expect(figures.map(({ layout }: { layout: { title: { text: string } } }) => layout.title.text)).toEqual([
      visibleText(HOSTILE),
      'plain',
    ]);
    expect(document.querySelectorAll('#figure-0, #figure-1')).toHaveLength(2);
    const pictures = [...document.querySelectorAll('noscript')].map(
      (place) => new JSDOM(place.innerHTML).window.document,
    );
    for (const [at, alt] of [HOSTILE.slice(0, 20), 'plain'].entries()) {
      const picture = pictures[at].querySelector('img')!;
      expect(picture.getAttribute('src')).toMatch(/^data:image\/png;base64,iVBOR/);
      expect(picture.getAttribute('alt')).toContain(alt);
    }
  });

  it('loads no address and allows none', () => {
    const outside = [...document.querySelectorAll('[src], [href], [srcset], link, iframe, object, embed')].filter(
      (one) => {
        const to = one.getAttribute('src') ?? one.getAttribute('href') ?? '';
        return !to.startsWith('data:') && !to.startsWith('#');
      },
    );
    expect(outside.map(({ outerHTML }) => outerHTML)).toEqual([]);
    expect([...document.querySelectorAll('style')].map(({ textContent }) => textContent).join()).not.toMatch(
      /url\(|@import/,
    );
    expect(document.querySelector('meta[http-equiv]')?.getAttribute('content')).toMatch(
      /^default-src 'none'; img-src data: blob:;/,
    );
  });

  it('runs no script but its own two, each named by its hash', () => {
    const scripts = [...document.querySelectorAll('script:not([type])')];
    const hashes = scripts.map(({ textContent }) => createHash('sha256').update(textContent!).digest('base64'));
    const policy = document.querySelector('meta[http-equiv]')!.getAttribute('content')!;
    expect(policy.split('script-src ')[1]).toBe(hashes.map((hash) => `'sha256-${hash}'`).join(' '));
    expect(document.querySelectorAll('[onerror], [onload], [onclick]')).toHaveLength(0);
  });

  it('what is hostile stays text: no tag of it is a tag', () => {
    expect(document.querySelectorAll('body :not(noscript) > img')).toHaveLength(0);
    expect(document.title).toContain('<script>window.hit = 1</script>');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a browser must not get them
    expect(document.body.querySelector('section')!.textContent).not.toMatch(/[\u001b\u202e]/);
  });

  it('without a figure has no script at all', async () => {
    const bare = await reportHtml({ title: 'a', subtitle: 'b', sections: [] });
    expect(bare).not.toContain('<script');
    expect(bare).toContain('script-src &#39;none&#39;');
    expect(bare.length).toBeLessThan(3000);
  });
});
