/** The metric that others are drawn over, by the beginning of their names. The first that fits counts. */
const STEPS: readonly (readonly [prefix: string, step: string])[] = [
  ["train/", "train/total_step"],
  ["weights/", "block"],
  ["", "cycle"],
];
const STEP_NAMES = [...new Set(STEPS.map(([, step]) => step))];

/** A metric's definition as the service keeps it in a run's configuration: by the field numbers of its protocol. */
interface MetricRecord {
  /** Name. */
  readonly 1: string;
  /** Index of the step's definition, from 1. */
  readonly 5?: number;
  /** Options: 1 is "synchronise the step", 3 is "defined". */
  readonly 6: readonly number[];
}

/** The definitions of metrics, each with the step that it is drawn over. */
export const metricRecords = (names: Iterable<string>): readonly MetricRecord[] => [
  ...STEP_NAMES.map((name): MetricRecord => ({ 1: name, 6: [3] })),
  ...[...new Set(names)]
    .filter((name) => !STEP_NAMES.includes(name))
    .sort()
    .map((name): MetricRecord => {
      const [, step] = STEPS.find(([prefix]) => name.startsWith(prefix))!;
      return { 1: name, 5: STEP_NAMES.indexOf(step) + 1, 6: [1, 3] };
    }),
];
