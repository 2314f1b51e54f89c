import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import { heldOutLosses } from "#shared/evaluation/reference-text.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { mean } from "#shared/util/mean.js";
import type { Attack } from "../attack.js";
import { type Gym, openGym } from "./gym.js";
import type { ArenaModel, NetworkTemplate } from "./models/arena-model.js";

/** What a campaign is fought on. */
export interface Ground {
  readonly model: ArenaModel;
  /** Every draw of the arena's own follows from it. */
  readonly seed: string;
  /** The model's, as the attack needs it. */
  readonly network: NetworkTemplate;
  readonly genesis: Parameters;
  readonly gym: Gym;
  /** Of the attacked group, by number. */
  readonly sealed: ((index: number) => string) | undefined;
  /** Whether the other group's has ended. */
  readonly hasEnded: boolean;
}

/** @param genesis the model's, of that seed */
export const openGround = (
  { model, seed, genesis }: Pick<Ground, "model" | "seed" | "genesis">,
  { network: change, sealed, hasEnded = false }: Pick<Attack, "network" | "sealed" | "hasEnded">,
): Ground => {
  const network = change?.(model.network) ?? model.network;
  return { model, seed, network, genesis, gym: openGym(network, model.training), sealed, hasEnded };
};

/** Mean over all groups, nats a token; the same text for every model. */
export const modelLoss = async (meter: LossMeter, of: Network, parameters: Parameters): Promise<number> =>
  mean(Object.values(await heldOutLosses(meter, of, parameters)).map(({ loss }) => loss));
