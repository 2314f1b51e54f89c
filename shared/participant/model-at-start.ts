import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { Participant } from "./participant.js";

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
