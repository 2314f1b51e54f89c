import { fetchPartials } from "#shared/beacon/group/agreed.js";
import { keysOfFile } from "#shared/beacon/group/group-file.js";
import type { GroupKeys } from "#shared/beacon/group/group-keys.js";
import { combinePartials, type PartialsKnown, type SignedCycle } from "#shared/beacon/group/sign.js";
import { countSlots } from "#shared/beacon/group/slots.js";
import { readSigningGroup } from "#shared/beacon/group/stated.js";
import { beaconWindows } from "#shared/beacon/windows.js";
import { recordsOf } from "#shared/protocol/records-within.js";
import { groupSource } from "#shared/replay/beacon-value.js";
import { askAtEveryBlock, type Patience } from "../../at-every-block.js";
import { cycleSource } from "../../cycle-source.js";
import type { Participant } from "../../participant.js";
import { waitForFiles } from "../../waiting.js";
import { commitRecord } from "../../writes/commit-record.js";

/**
 * Collects the partial signatures of a cycle, combines as many as sign, and puts the group's signature on chain. Every validator does: it is the
 * same for all, and counts whoever publishes it.
 */
export const publishSignature = async (participant: Participant, cycle: number): Promise<void> => {
  const { clock, chain, log, network, networkHash, signal } = participant;
  const { holding, signing } = beaconWindows(cycle, network.phases);
  await clock.reach(holding.start, signal);
  const deadline = signing.end - 1;
  const pulse = await waitForFiles(participant, { deadline, isHeld: true, isStrict: true }, async (wait) => {
    const source = groupSource(wait.source)!;
    const asked = await askAtEveryBlock(participant, wait, () => readSigningGroup(source, cycle));
    const file = "value" in asked ? asked.value : null;
    const keys = file && keysOfFile(file);
    if (!keys?.ok) return null;
    const closing = await chain.blockHash(holding.start - 1);
    return collect(participant, keys.value, { network: networkHash, cycle, closing }, wait);
  });
  if (pulse === null) return log.warn("the threshold group's signature is missing", { cycle });
  const block = await commitRecord(participant, { type: "pulse", cycle, pulse }, signing);
  log.info("published the threshold group's signature", { cycle, block });
};

/** Reads at every block who signed, fetches that, and combines what came once there is enough. Null if there is not in time. */
const collect = async (
  participant: Participant,
  keys: GroupKeys,
  name: SignedCycle,
  { until, deadline }: Patience,
): Promise<string | null> => {
  const { chain, clock, log, network, signal } = participant;
  const { holding } = beaconWindows(name.cycle, network.phases);
  const { slots, shape } = keys.membership;
  const source = groupSource(cycleSource(participant, { until }))!;
  const asked = new Set<string>();
  const partials = new Map<string, readonly string[]>();
  const known: PartialsKnown = new Map();
  let hasNew = false;
  let wake = () => {};
  for (;;) {
    const seen = clock.head.number;
    const at = Math.min(seen, holding.end - 1);
    const commitments = await chain.commitments(network.netuid, at);
    const question = { window: holding, networkHash: name.network };
    for (const [hotkey, { record }] of recordsOf("partial", name.cycle, question, commitments)) {
      const { partials: hash, location } = record;
      if (hash === null || asked.has(hotkey) || !slots.has(hotkey)) continue;
      asked.add(hotkey);
      const ask = () => fetchPartials(source, name, { hotkey, hash, location });
      // A server that answers slowly delays nobody else's.
      void askAtEveryBlock(participant, { until, deadline }, ask).then(
        (answer) => {
          if (!("value" in answer) || !answer.value.ok) return;
          partials.set(hotkey, answer.value.value.partials);
          hasNew = true;
          wake();
        },
        () => {},
      );
    }
    while (hasNew && countSlots(slots, partials.keys()) >= shape.threshold) {
      hasNew = false;
      const { signature, dropped } = await combinePartials(keys, partials, name, known);
      for (const { hotkey, why } of dropped) {
        partials.delete(hotkey);
        log.warn("a partial signature is none", { cycle: name.cycle, hotkey, why });
      }
      if (signature !== null) return signature;
    }
    if (until.aborted || clock.head.number >= deadline) return null;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    await Promise.race([clock.reach(seen + 1, signal), woken]);
  }
};
