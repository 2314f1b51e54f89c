/** Seconds and loss of each step. */
export interface Steps {
  readonly seconds: readonly number[];
  readonly losses: readonly number[];
}

/** One side of the comparison, ready for its next steps. */
export interface Contestant {
  readonly name: string;
  run(count: number): Promise<Steps>;
  dispose(): Promise<void>;
}
