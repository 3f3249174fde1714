/** What every cell may use without an import, as TypeScript sees it. */
export const cellGlobals = `
/** Aborts when the running cell is interrupted; pass it to long calls. A new one for each cell. */
declare const signal: AbortSignal;
`;
