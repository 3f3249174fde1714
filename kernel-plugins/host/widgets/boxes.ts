import { type StillView, stillGroup } from './still-view';
import { boxKind, Widget, type WidgetOptions } from './widget';

/** Widgets side by side, or one below the other. */
export class Box extends Widget {
  private held: readonly Widget[];

  constructor(
    private readonly direction: 'row' | 'column',
    children: readonly Widget[],
    options: WidgetOptions,
  ) {
    super(boxKind(direction), { children: children.map(({ model }) => model), box_style: '' }, options);
    this.held = children;
    for (const child of children) child.holders.add(this);
  }

  get children(): readonly Widget[] {
    return this.held;
  }

  set children(children: readonly Widget[]) {
    for (const child of this.held) child.holders.delete(this);
    for (const child of children) child.holders.add(this);
    this.held = children;
    this.model.set({ children: children.map(({ model }) => model) });
  }

  /** Closes the box and all that it holds. */
  override close(): void {
    if (this.closed) return;
    super.close();
    for (const child of this.held) child.close();
  }

  still(): StillView {
    return stillGroup(
      this.held.map((child) => child.still()),
      this.direction,
    );
  }
}
