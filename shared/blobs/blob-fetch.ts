/** A blob that is asked for. */
export interface BlobFetch {
  readonly hash: string;
  /** What the blob is, for error messages, e.g. `the network file`. */
  readonly what?: string | undefined;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
  /** Called when a server is about to be asked. Before that, the request only waited for its turn. */
  readonly onAsked?: (() => void) | undefined;
}
