import type { Adapter } from '../model/adapters';

/**
 * One Generator or Scorer for all arms of a call: made when the first of them needs it, then given the next arm's adapter. Making
 * programs takes seconds, an adapter milliseconds.
 */
export class Switched<T extends { setAdapter(adapter: Adapter | null): void; dispose(): void }> {
  private made: T | null = null;

  constructor(private readonly make: (adapter: Adapter | null) => Promise<T>) {}

  async under(adapter: Adapter | null): Promise<T> {
    if (this.made) this.made.setAdapter(adapter);
    else this.made = await this.make(adapter);
    return this.made;
  }

  dispose(): void {
    this.made?.dispose();
    this.made = null;
  }
}
