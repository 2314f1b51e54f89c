import { contributionHash } from "#shared/beacon/contributions/contribution.js";
import { makeContribution } from "#shared/beacon/contributions/make.js";
import { beaconWindows } from "#shared/beacon/windows.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { contributionSource } from "#shared/replay/beacon-value.js";
import { cycleSource } from "../cycle-source.js";
import { lastingFrom } from "../deciding-block.js";
import type { Participant } from "../participant.js";
import { commitRecord } from "../writes/commit-record.js";

/**
 * Seals this hotkey's contribution to a cycle's value, serves it, and puts its hash on chain, if the hotkey is among those who are asked.
 * After a restart the contribution on chain is still the first one, which the store has.
 */
export const sealContribution = async (participant: Participant, cycle: number): Promise<void> => {
  const { blobs, clock, network, location, log, signal, signer } = participant;
  const source = contributionSource(cycleSource(participant));
  if (source === null) return;
  const { sealing } = beaconWindows(cycle, network.phases);
  // The round and the contributors follow from the last block before, which a fork may replace while it is the newest.
  await clock.reach(lastingFrom(sealing), signal);
  const contribution = await makeContribution(source, cycle, signer);
  if (contribution === null) return log.debug("not asked to contribute to the beacon", { cycle });
  await blobs.put(canonicalBytes(contribution));
  const seal = { cycle, contribution: contributionHash(contribution), location };
  const block = await commitRecord(participant, { type: "seal", ...seal }, sealing);
  log.info("sealed a contribution to the beacon", { cycle, opens: contribution.round, block });
};
