/** A file of documents that goes into a pack. */
export interface SourceFile {
  /** What a person calls it: a path, or a place on the Hub. */
  readonly name: string;
  /** Where it is on this machine. */
  readonly path: string;
  /** Its size, bytes. */
  readonly bytes: number;
  /** What tells one version from another: if it changed, work that was cut short does not go on. */
  readonly version: string;
}
