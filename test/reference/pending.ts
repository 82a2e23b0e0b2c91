/** Recordings that the twin does not agree with yet, by id, each with the reason. Shrinks, never grows. */

/** Id to reason. `npm run reference` compares these too and names them, but does not fail for them. */
export const PENDING: ReadonlyMap<string, string> = new Map([]);
