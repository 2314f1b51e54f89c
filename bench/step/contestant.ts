/** What some steps took and gave, step by step. */
export interface Steps {
  readonly seconds: readonly number[];
  readonly losses: readonly number[];
  /** Of the seconds, those inside the runtime's program: forward and backward pass. */
  readonly inside?: readonly number[];
}

/** One side of the comparison, ready for its next steps. */
export interface Contestant {
  readonly name: string;
  run(count: number): Promise<Steps>;
  /** Processor seconds that its process has used so far. */
  processorSeconds(): Promise<number>;
  dispose(): Promise<void>;
}
