import type { Machine } from "../machine.js";
import type { Refusal } from "./find-peers.js";
import type { Measurement } from "./measure.js";
import type { Peer } from "./peer.js";

export interface StepRun {
  readonly machine: Machine;
  readonly device: string;
  readonly threads: number;
  readonly peers: readonly Pick<Peer, "name" | "python" | "version" | "mode" | "device">[];
  readonly refusals: readonly Refusal[];
  readonly measurements: readonly Measurement[];
}

/** What `--json` writes: times in milliseconds, rates in FLOP/s, memory in bytes; null where there is nothing to tell. */
export const figuresOf = ({ machine, device, threads, peers, refusals, measurements }: StepRun) => ({
  machine,
  device,
  threads,
  peers: peers.map(({ name, python, version, mode, device: where }) => ({
    name,
    python,
    version,
    mode,
    device: where,
  })),
  refusals,
  cases: measurements.map(({ optimiser = null, growth = null, peers: compared, ...measurement }) => ({
    ...measurement,
    peers: compared.map(({ target = null, met = null, ...comparison }) => ({ ...comparison, target, met })),
    optimiser,
    growth,
  })),
});
