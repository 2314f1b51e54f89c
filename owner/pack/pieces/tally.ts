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

/** Rows that left at one point for one reason, or that stay with one remark. */
export interface Reason {
  rows: number;
  bytes: number;
  samples: Sample[];
}

/** What became of rows: how many came, stage → reason → which left there, and remark → which passed the filters with it. */
export interface Tally {
  rows: number;
  bytes: number;
  readonly left: Record<string, Record<string, Reason>>;
  readonly remarks: Record<string, Reason>;
}

export const createTally = (): Tally => ({ rows: 0, bytes: 0, left: {}, remarks: {} });

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
  const reasons = tally.left[stage] ?? {};
  tally.left[stage] = reasons;
  addRow(reasonOf(reasons, reason), bytes, sample);
};

/** Writes down that a row stays, and what is to be known of it. */
export const remark = (tally: Tally, { reason, bytes, sample }: Omit<Leaving, "stage">): void =>
  addRow(reasonOf(tally.remarks, reason), bytes, sample);

const addRow = (found: Reason, bytes: number, sample: Sample): void => {
  found.rows++;
  found.bytes += bytes;
  const last = found.samples[SAMPLES - 1];
  if (last && sample.order >= last.order) return;
  const { beside } = sample;
  addSamples(found, [{ ...sample, text: cut(sample.text), ...(beside !== undefined && { beside: cut(beside) }) }]);
};

/** Adds what another tally has. */
export const addTally = (into: Tally, { rows, bytes, left, remarks }: Tally): void => {
  into.rows += rows;
  into.bytes += bytes;
  for (const [stage, reasons] of Object.entries(left)) {
    const found = into.left[stage] ?? {};
    into.left[stage] = found;
    addReasons(found, reasons);
  }
  addReasons(into.remarks, remarks);
};

const addReasons = (into: Record<string, Reason>, reasons: Readonly<Record<string, Reason>>): void => {
  for (const [reason, other] of Object.entries(reasons)) {
    const found = reasonOf(into, reason);
    found.rows += other.rows;
    found.bytes += other.bytes;
    addSamples(found, other.samples);
  }
};

const reasonOf = (reasons: Record<string, Reason>, reason: string): Reason => {
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
