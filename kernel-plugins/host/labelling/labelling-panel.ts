import type { Verdict } from '../../../src/judge';
import { Box } from '../widgets/boxes';
import { Button } from '../widgets/button';
import { Html, ProgressWidget } from '../widgets/readouts';
import { TextField } from '../widgets/settings';
import type { LabellingSession } from './labelling-session';
import { type RatingWords, stateHtml, textHtml, wordsHtml } from './labelling-view';

const verdicts: readonly Verdict[] = ['PASS', 'PARTIAL', 'FAIL'];

/** Buttons and keys over a session, as widgets. */
export class LabellingPanel {
  readonly box: Box;
  private readonly state = new Html({ trusted: '' }, { width: '100%' });
  private readonly text = new Html({ trusted: '' }, { width: '100%' });
  private readonly bar: ProgressWidget;
  private readonly numbers: readonly Button[];
  private readonly words: readonly Button[];
  private readonly backButton = new Button({ description: 'Back', width: '80px', tooltip: 'key b' });
  private readonly keys: TextField;
  /** What the key field held when its last key was taken; starts with the present text's place. */
  private taken = '';

  constructor(
    private readonly session: LabellingSession,
    private readonly rater: string,
    words: RatingWords | null,
    private readonly onEnd: () => void,
  ) {
    this.bar = new ProgressWidget({ max: session.texts.length, width: '420px' });
    this.numbers = Array.from({ length: 11 }, (_, value) =>
      this.button(String(value), '46px', value === 10 ? 'key t' : `key ${value}`, () =>
        session.say({ magnitude0to10: value }),
      ),
    );
    this.words = verdicts.map((verdict) =>
      this.button(verdict, '100px', `key ${verdict === 'PARTIAL' ? 'a' : verdict[0].toLowerCase()}`, () =>
        session.say({ verdict }),
      ),
    );
    this.backButton.onClick(() => this.after(() => session.back()));
    const skip = this.button('Skip', '80px', 'key s', () => session.skip());
    const stop = this.button('Stop', '80px', 'ends this session; what was said is kept', () => session.stop());
    this.keys = new TextField(
      {
        description: 'Keys (click here first): 0 to 9, t = 10, p PASS, a PARTIAL, f FAIL, s skip, b back',
        width: 'auto',
        continuousUpdate: true,
      },
      'Text',
    );
    this.keys.onChange((value) => this.typed(value));
    const row = (children: readonly (Button | Html)[]) => new Box('row', children, {});
    this.box = new Box(
      'column',
      [
        this.state,
        this.bar,
        this.text,
        row(this.numbers),
        row([...this.words, skip, this.backButton, stop]),
        this.keys,
        ...(words === null ? [] : [new Html({ trusted: wordsHtml(words) }, { width: '100%' })]),
      ],
      { width: '100%' },
    );
    this.show();
  }

  close(): void {
    this.box.close();
  }

  private button(description: string, width: string, tooltip: string, act: () => void): Button {
    const made = new Button({ description, width, tooltip });
    made.onClick(() => this.after(act));
    return made;
  }

  private after(act: () => void): void {
    try {
      act();
    } finally {
      this.show();
      if (this.session.current === null) this.onEnd();
    }
  }

  /**
   * The field is never emptied: a key that is on its way would then come twice or not at all. It holds the place of the text and what
   * was typed for it, so a key that was typed for the text before is known, and dropped: nobody rates a text unseen.
   */
  private typed(value: string): void {
    const prefix = this.prefix();
    const isBare = /^[a-z\d]+$/i.test(value);
    const typed = isBare ? prefix + value : value;
    const fresh = typed.startsWith(this.taken) ? typed.slice(this.taken.length) : isBare ? value : '';
    if (typed.startsWith(prefix)) this.taken = typed;
    for (const key of fresh) {
      this.after(() => this.session.press(key));
      if (this.prefix() !== prefix) return;
    }
    if (!value.startsWith(prefix)) this.startKeys(prefix);
  }

  private startKeys(prefix: string): void {
    this.taken = prefix;
    this.keys.value = prefix;
  }

  private prefix(): string {
    return `${this.session.place} of ${this.session.texts.length}: `;
  }

  private show(): void {
    const { session } = this;
    const { current, draft } = session;
    this.bar.value = session.ratings.length;
    if (current === null) return;
    this.state.value = { trusted: stateHtml(session, this.rater) };
    this.text.value = { trusted: textHtml(current) };
    for (const [value, button] of this.numbers.entries()) mark(button, draft.magnitude0to10 === value);
    for (const [at, button] of this.words.entries()) mark(button, draft.verdict === verdicts[at]);
    this.backButton.disabled = !session.canGoBack;
    const prefix = this.prefix();
    if (!this.taken.startsWith(prefix)) this.startKeys(prefix);
  }
}

function mark(button: Button, chosen: boolean): void {
  button.model.set({ button_style: chosen ? 'primary' : '' });
}
