/** A collection of texts that can be read in any order. */
export interface DocumentSource {
  /** The name in a network file's `data`. */
  readonly kind: string;
  /** Number of documents; `"unbounded"` where every index from 0 to 2^32 − 1 has one. */
  readonly size: number | "unbounded";
  /** The document at an index: always the same text for the same index. */
  document(index: number): string;
}

/** Documents that are at hand. */
export const listedDocuments = (kind: string, documents: readonly string[]): DocumentSource => ({
  kind,
  size: documents.length,
  document(index) {
    const text = documents[index];
    if (text === undefined) throw new RangeError(`${kind} has documents 0 to ${documents.length - 1}, not ${index}`);
    return text;
  },
});
