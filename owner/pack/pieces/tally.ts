/** An example for a person to look at. */
export interface Sample {
  readonly source: string;
  /** From 1. */
  readonly row: number;
  readonly text: string;
  /** Another text that is the reason. */
  readonly beside?: string | undefined;
  /** Decides which samples stay: the smallest, so that they are spread over all. */
  readonly order: number;
}

/** Rows that left at one point for one reason. */
export interface Reason {
  rows: number;
  bytes: number;
  samples: Sample[];
}

/** What became of rows: how many came, and stage → reason → which left there. */
export interface Tally {
  rows: number;
  bytes: number;
  readonly left: Record<string, Record<string, Reason>>;
}

export const createTally = (): Tally => ({ rows: 0, bytes: 0, left: {} });

const SAMPLES = 5;
const SAMPLE_CHARS = 300;

/** Different reasons of a stage: a row may have one of its own, such as a template's words about it. The rest are counted as one. */
const REASONS = 64;
const OTHER = "other reasons";

export interface Leaving {
  readonly stage: string;
  readonly reason: string;
  readonly bytes: number;
  readonly sample: Sample;
}

/** Writes down that a row left. */
export const leave = (tally: Tally, { stage, reason, bytes, sample }: Leaving): void => {
  const found = reasonOf(tally, stage, reason);
  found.rows++;
  found.bytes += bytes;
  const last = found.samples[SAMPLES - 1];
  if (last && sample.order >= last.order) return;
  const { beside } = sample;
  addSamples(found, [{ ...sample, text: cut(sample.text), ...(beside !== undefined && { beside: cut(beside) }) }]);
};

/** Adds what another tally has. */
export const addTally = (into: Tally, { rows, bytes, left }: Tally): void => {
  into.rows += rows;
  into.bytes += bytes;
  for (const [stage, reasons] of Object.entries(left))
    for (const [reason, other] of Object.entries(reasons)) {
      const found = reasonOf(into, stage, reason);
      found.rows += other.rows;
      found.bytes += other.bytes;
      addSamples(found, other.samples);
    }
};

const reasonOf = (tally: Tally, stage: string, reason: string): Reason => {
  const reasons = tally.left[stage] ?? {};
  tally.left[stage] = reasons;
  const name = Object.hasOwn(reasons, reason) || Object.keys(reasons).length < REASONS ? reason : OTHER;
  const found = reasons[name] ?? { rows: 0, bytes: 0, samples: [] };
  reasons[name] = found;
  return found;
};

const addSamples = (reason: Reason, samples: readonly Sample[]): void => {
  reason.samples = [...reason.samples, ...samples].sort((a, b) => a.order - b.order).slice(0, SAMPLES);
};

const cut = (text: string): string => {
  const short = text.slice(0, SAMPLE_CHARS);
  return text.length > SAMPLE_CHARS ? `${short}…` : short;
};
