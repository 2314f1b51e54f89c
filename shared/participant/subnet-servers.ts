import type { Chain } from "#shared/chain/chain.js";
import { parseRecord } from "#shared/protocol/records.js";
import { permittedStakes } from "#shared/protocol/stake.js";

/** Blob servers of the validators and the owner: whoever should have a model, a report, an artifact that was judged. */
export const subnetServers = async (
  chain: Pick<Chain, "metagraph" | "commitments">,
  netuid: number,
): Promise<readonly string[]> => {
  const [metagraph, commitments] = await Promise.all([chain.metagraph(netuid), chain.commitments(netuid)]);
  const permitted = permittedStakes(metagraph.neurons);
  return commitments
    .filter(({ hotkey }) => permitted.has(hotkey) || hotkey === metagraph.ownerHotkey)
    .flatMap(({ data }) => {
      const record = parseRecord(data);
      return record.ok && "location" in record.value ? [record.value.location] : [];
    });
};
