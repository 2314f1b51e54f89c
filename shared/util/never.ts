/** A signal that never aborts: of work that nobody ends. */
export const NEVER: AbortSignal = new AbortController().signal;
