/** A row of a file of documents: its value, or one line that says why it has none. */
export type Row = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

export const rowOf = (value: unknown): Row => ({ ok: true, value });
export const brokenRow = (problem: string): Row => ({ ok: false, problem });

/** Largest row in bytes: longer ones are passed over, so that no row fills memory. */
export const MAX_ROW_BYTES = 16 << 20;
