/** What a reader of a code wants to know: the line that is printed with it tells the rest. */
export interface ErrorEntry {
  /** What is wrong, in one sentence. */
  readonly meaning: string;
  /** What to do about it, in one sentence. */
  readonly remedy: string;
}

export type ErrorEntries = Readonly<Record<string, ErrorEntry>>;
