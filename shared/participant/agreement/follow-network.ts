import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { BlockZeroError, hasCode, reasonOf } from "#shared/errors/error.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { originOf } from "#shared/protocol/succession.js";
import type { CycleSource } from "#shared/replay/source.js";
import { type NetworkInForce, networkInForce, readNetwork } from "#shared/replay/succession.js";
import { cycleSource } from "../cycle-source.js";
import type { Participant } from "../participant.js";
import { publishedNetwork } from "./agreed-network.js";
import { obtainTexts } from "./agreed-texts.js";

/** Whether the fault ends the participation under this network file: another file follows, or none. */
export const isNetworkChange = (thrown: unknown): thrown is BlockZeroError =>
  hasCode(thrown, "NETWORK_CHANGED", "NETWORK_SUCCEEDED");

/** Whether another file succeeds this one: a participant that joins again continues under it. */
export const isSuccession = (thrown: unknown): thrown is BlockZeroError => hasCode(thrown, "NETWORK_SUCCEEDED");

/**
 * Checks at the start of a cycle whether the network that the participant joined is still in force. Announces a change for a later cycle
 * once, and fetches its text.
 *
 * @throws BlockZeroError NETWORK_SUCCEEDED if a file that succeeds this one is in force from this cycle on; NETWORK_CHANGED if the file in
 * force starts a new network
 */
export const followNetwork = (participant: Participant): ((cycle: number) => Promise<void>) => {
  /** The file that was announced last. */
  let told: string | null = null;
  return async (cycle) => {
    const { chain, network, networkHash, log } = participant;
    const { hash } = await publishedNetwork(chain, network.netuid);
    if (hash === networkHash) return;
    const { start } = phaseWindow(cycle, "distribute", network.phases);
    const found = await lookAt(participant, hash, start);
    if (found === null) return;
    const { source, next } = found;
    if (source.networkHash === networkHash) {
      if (next !== null && told !== hash) announce(participant, next);
      told = hash;
      return;
    }
    const change = `from network file ${networkHash.slice(0, 8)} to ${source.networkHash.slice(0, 8)}`;
    if (originOf(source.network, source.networkHash) === originOf(network, networkHash)) {
      log.info("goes over to the next network file", { cycle, network: source.networkHash });
      throw new BlockZeroError("NETWORK_SUCCEEDED", `subnet ${network.netuid} goes over ${change}`, "join again");
    }
    throw new BlockZeroError(
      "NETWORK_CHANGED",
      `subnet ${network.netuid} went ${change}, which begins anew`,
      "start again: the new file is fetched, and a configured `network` must be replaced",
    );
  };
};

/** Null if nobody has the file: then there is nothing to switch to. */
const lookAt = async (
  participant: Participant,
  hash: string,
  block: number,
): Promise<NetworkInForce<CycleSource> | null> => {
  const source = cycleSource(participant);
  try {
    const network = await readNetwork(source, hash);
    return await networkInForce({ ...source, network, networkHash: hash }, block);
  } catch (thrown) {
    if (!isFetchFault(thrown)) throw changed(participant, hash, thrown);
    participant.log.warn("the network file that the owner published cannot be had", {
      network: hash,
      reason: reasonOf(thrown),
    });
    return null;
  }
};

/** A file that cannot be parsed may come from a later version of the toolkit. Any other fault is returned as it is. */
const changed = ({ network, networkHash }: Participant, hash: string, thrown: unknown): unknown =>
  hasCode(thrown, "NETWORK_FILE_INVALID")
    ? new BlockZeroError(
        "NETWORK_CHANGED",
        `subnet ${network.netuid} now runs network file ${hash.slice(0, 8)}, we joined ${networkHash.slice(0, 8)}: ${thrown.message}`,
        "install the version of BlockZero that the subnet's owner names, and start again",
        { cause: thrown },
      )
    : thrown;

const announce = (participant: Participant, { source, problem }: NonNullable<NetworkInForce<CycleSource>["next"]>) => {
  const { blobs, log, models, signal } = participant;
  const { network, networkHash } = source;
  const fields = { network: networkHash, cycle: network.first_cycle };
  if (problem !== null) {
    log.error("the published network file takes no effect", { ...fields, reason: problem });
    return;
  }
  log.info("another network file is announced", fields);
  obtainTexts(network, { blobs, servers: models.servers, signal }).catch((thrown: unknown) => {
    if (!signal.aborted) log.warn("text of the announced network file", { ...fields, reason: reasonOf(thrown) });
  });
};
