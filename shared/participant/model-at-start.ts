import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { isChainFault } from "#shared/chain/chain-fault.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { phaseAt } from "#shared/protocol/phases.js";
import { isBaseUnknown } from "./agreement/await-base-model.js";
import { followNetwork } from "./agreement/follow-network.js";
import { againAtBlocks } from "./at-every-block.js";
import { faultFields } from "./fault-fields.js";
import type { Participant } from "./participant.js";

/**
 * Hash of the model in force before the first cycle. Where the chain does not say which one it is, it is asked at every block: who begins
 * with another one than the others undoes their work.
 *
 * @throws what `followNetwork` throws in a cycle that begins meanwhile; what reading the chain throws before there was anything to wait for
 */
export const modelAtStart = async (participant: Participant): Promise<string> => {
  const { clock, models, network, log } = participant;
  const checkNetwork = followNetwork(participant);
  /** The cycle in which it was said last that the model is not known. */
  let told: number | null = null;
  const cycleNow = () => Math.max(network.first_cycle, phaseAt(clock.head.number, network.phases).cycle);
  const mayPass = (thrown: unknown) => {
    if (!isBaseUnknown(thrown)) return told !== null && isChainFault(thrown);
    const cycle = cycleNow();
    if (told !== cycle)
      log.warn("waiting for a model: it is asked for at every block", { cycle, ...faultFields(thrown) });
    told = cycle;
    return true;
  };
  return againAtBlocks(participant, mayPass, async () => {
    const cycle = cycleNow();
    if (told !== null && told !== cycle) await checkNetwork(cycle);
    return models.baseOf(cycle);
  });
};

/**
 * Does work that needs the files of a model before the first cycle. If a file is not available, the participant cannot work at all. The
 * error then names the model and the file, who should have the file, and what to do.
 *
 * @param hash of the model
 * @throws BlockZeroError MODEL_MISSING, and what `work` throws for other reasons than fetching
 */
export const withModelFiles = async <T>(
  { models, network }: Pick<Participant, "models" | "network">,
  hash: string,
  work: () => Promise<T>,
): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    if (!isFetchFault(cause)) throw cause;
    const isGenesis = hash === network.genesis;
    const servers = await models.servers(hash);
    const asked = servers.length === 0 ? "no server is on chain" : `on chain are ${servers.slice(0, 4).join(", ")}`;
    throw new BlockZeroError(
      "MODEL_MISSING",
      `the files of ${isGenesis ? "the genesis model" : "the agreed model"} ${hash} cannot be had: ${reasonOf(cause)}; ${asked}`,
      isGenesis
        ? "ask the subnet's owner to keep `blockzero publish` running, or a validator to start, which keeps it; then start again"
        : "ask a validator of the subnet to start: each that merged keeps its files; then start again",
      { cause },
    );
  }
};
