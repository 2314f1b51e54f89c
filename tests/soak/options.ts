import { parseArgs } from "node:util";

export interface SoakOptions {
  readonly cycles: number;
  readonly seed: number;
  /** Milliseconds between blocks. Null: as the machine allows. */
  readonly blockTime: number | null;
  /** Cycles whose files are kept. */
  readonly keepCycles: number;
  /** Share of the cycles in which a fault begins. */
  readonly faults: number;
  /** The folder of the report, and of the homes with `keep`. */
  readonly out: string;
  /** Homes and logs stay. */
  readonly keep: boolean;
}

export const SOAK_USAGE = `npm run test:soak -- [options]
  --cycles N       cycles (300)
  --seed N         seed of keys, model and faults (1)
  --block-time MS  milliseconds between blocks (100 where two processors are free, and longer with less)
  --keep-cycles N  cycles whose files the participants keep (12)
  --faults SHARE   share of the cycles in which a fault begins (0.5)
  --out DIR        where report.txt and report.json go (soak)
  --keep           keep homes and logs there too`;

/** @throws TypeError for what it does not know */
export const soakOptions = (args: readonly string[]): SoakOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cycles: { type: "string", default: "300" },
      seed: { type: "string", default: "1" },
      "block-time": { type: "string" },
      "keep-cycles": { type: "string", default: "12" },
      faults: { type: "string", default: "0.5" },
      out: { type: "string", default: "soak" },
      keep: { type: "boolean", default: false },
    },
  });
  const number = (name: "cycles" | "seed" | "block-time" | "keep-cycles" | "faults", least: number): number => {
    const value = Number(values[name]);
    if (!Number.isFinite(value) || value < least) throw new TypeError(`--${name} is a number of at least ${least}`);
    return value;
  };
  return {
    cycles: number("cycles", 1),
    seed: number("seed", 0),
    blockTime: values["block-time"] === undefined ? null : number("block-time", 100),
    keepCycles: number("keep-cycles", 1),
    faults: number("faults", 0),
    out: values.out,
    keep: values.keep,
  };
};
