/** A row of a file of documents: its value, or one line that says why it has none. */
export type Row = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

/** A row's value, unless it is nested too deeply. */
export const rowOf = (value: unknown): Row =>
  isDeeper(value, MAX_ROW_DEPTH) ? brokenRow(`nested deeper than ${MAX_ROW_DEPTH}`) : { ok: true, value };
export const brokenRow = (problem: string): Row => ({ ok: false, problem });

/** Largest row in bytes: longer ones are passed over, so that no row fills memory. */
export const MAX_ROW_BYTES = 16 << 20;

/** Deepest nesting of a row: whoever writes it out again calls itself as often, and `JSON.parse` takes any. */
export const MAX_ROW_DEPTH = 512;

const isDeeper = (value: unknown, levels: number): boolean => {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1));
};
