import { z } from "zod";
import type { HyperParameters, WeightsMode } from "../chain.js";
import { amount, count, flag } from "./codecs.js";
import { noSubnet } from "./faults.js";
import type { Item, State } from "./state.js";

/** The differences between runtimes, read from their metadata. */
export interface RuntimeTraits {
  /** Epochs follow `tempo` blocks after the last one, which is stored. Otherwise the block number gives them. */
  readonly hasStatefulEpochs: boolean;
  /** The newest call that hides weights until a drand round. */
  readonly timelockCall: "commitTimelockedWeights" | "commitCrv3Weights" | undefined;
}

const schema = z.object({
  networksAdded: flag,
  tempo: count,
  weightsSetRateLimit: count,
  weightsVersionKey: count,
  commitRevealWeightsEnabled: flag,
  revealPeriodEpochs: count,
  minAllowedWeights: count,
  maxAllowedValidators: count,
  maxAllowedUids: count,
  immunityPeriod: count,
  activityCutoff: count,
  activityCutoffFactorMilli: count.optional(),
  servingRateLimit: count,
  burn: amount,
  networkRegistrationAllowed: flag,
});

/** One request. Throws `ChainRejected` SubNetworkDoesNotExist. */
export const readHyperParameters = async (
  state: State,
  netuid: number,
  traits: RuntimeTraits,
): Promise<HyperParameters> => {
  const names = Object.keys(schema.shape).filter((name) => state.has("subtensorModule", name));
  const values = await state.items(names.map((name): Item => ["subtensorModule", name, netuid]));
  const found = schema.parse(Object.fromEntries(names.map((name, i) => [name, values[i]])));
  if (!found.networksAdded) throw noSubnet(netuid);
  const { tempo, activityCutoffFactorMilli: factor } = found;
  return {
    tempo,
    epochLength: traits.hasStatefulEpochs ? tempo : tempo + 1,
    weightsRateLimit: found.weightsSetRateLimit,
    weightsVersion: found.weightsVersionKey,
    weightsMode: found.commitRevealWeightsEnabled ? hiddenMode(traits) : "plain",
    timelockPayload: traits.timelockCall === "commitCrv3Weights" ? "legacy" : "hotkey",
    timelockReveal: traits.timelockCall === "commitCrv3Weights" ? "at-epoch" : "within-epoch",
    revealPeriod: found.revealPeriodEpochs,
    minAllowedWeights: found.minAllowedWeights,
    maxValidators: found.maxAllowedValidators,
    maxUids: found.maxAllowedUids,
    immunityPeriod: found.immunityPeriod,
    // Newer runtimes store it in thousandths of a tempo.
    activityCutoff: factor === undefined ? found.activityCutoff : Math.max(1, Math.floor((factor * tempo) / 1000)),
    servingRateLimit: found.servingRateLimit,
    burn: found.burn,
    registrationAllowed: found.networkRegistrationAllowed,
  };
};

const hiddenMode = ({ timelockCall }: RuntimeTraits): WeightsMode => (timelockCall ? "timelock" : "hash");
