/** What every cell may use without an import, as TypeScript sees it. */
export const cellGlobals = `
/** Aborts when the running cell is interrupted; pass it to long calls. A new one for each cell. */
declare const signal: AbortSignal;
/** Asks the person for one line of text, in a box below the cell. */
declare function prompt(message?: string, options?: { readonly signal?: AbortSignal }): Promise<string>;
/** The value of the last cell that had one. */
declare const _: any;
declare function __magic(name: string, args: string, body: string | null, load?: () => Promise<unknown>): Promise<any>;
declare function __magicHelp(name: string): Promise<void>;
declare function __word(value: unknown): string;
declare function __time<T>(work: () => T | Promise<T>): Promise<Awaited<T>>;
declare function __timeCell(): void;
`;
