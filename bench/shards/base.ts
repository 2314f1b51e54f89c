import type { TRAINING } from "#localnet/training.js";
import type { Device } from "#shared/engine/device.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";

/** A model that miners begin with. In each of its layers there is an expert that no group owns. */
export interface Base {
  /** What the routers were trained for. */
  readonly routers: string;
  readonly network: Network;
  readonly parameters: Parameters;
  /** The miners' settings. */
  readonly training: typeof TRAINING;
}

/** How one who waits is told, and ends it. */
export interface Watch {
  readonly signal: AbortSignal;
  /** @param step from 1 */
  readonly onStep?: (what: string, step: number, steps: number) => void;
}

export interface MakeBases extends Watch {
  readonly device: Device;
  /** Steps behind a model. */
  readonly pretraining: number;
  /** Of a miner. */
  readonly steps: number;
}
