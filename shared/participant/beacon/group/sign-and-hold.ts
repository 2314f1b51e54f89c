import { holdDocuments } from "#shared/beacon/group/agreed.js";
import { signGroupDocument } from "#shared/beacon/group/documents.js";
import { FORMING_STEPS, groupCycle } from "#shared/beacon/group/schedule.js";
import { signPartials } from "#shared/beacon/group/sign.js";
import { scheduleOf } from "#shared/beacon/group/source.js";
import { readStatedGroup } from "#shared/beacon/group/stated.js";
import { beaconWindows } from "#shared/beacon/windows.js";
import { reasonOf } from "#shared/errors/error.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { groupSource } from "#shared/replay/beacon-value.js";
import { readUntilWhole } from "../../at-every-block.js";
import { lastingAtBlock, lastingFrom } from "../../deciding-block.js";
import type { Participant } from "../../participant.js";
import { throughFaults } from "../../through-faults.js";
import { waitForFiles } from "../../waiting.js";
import { commitRecord } from "../../writes/commit-record.js";
import { chainOf, fetchCounted, membersOf } from "./forming.js";
import { formingOf, type GroupJournal, sharesOf } from "./group-journal.js";

/**
 * A validator's part in the commit phase. It fetches the documents of members while a group is being formed, so that it can serve them, signs
 * the cycle with its shares of the group that signs, and puts on chain, once, what it holds and the hash of its partial signatures.
 */
export const signAndHold = async (participant: Participant, journal: GroupJournal, cycle: number): Promise<void> => {
  const { clock, location, log, network, signal } = participant;
  const { holding } = beaconWindows(cycle, network.phases);
  // Whoever cannot follow a key generation still signs with the group before.
  const holdLimit = { name: `documents of the threshold group in cycle ${cycle}`, deadline: holding.start + 1 };
  const held = await throughFaults(participant, holdLimit, () => holdStep(participant, journal, cycle)).catch(
    (thrown) => {
      signal.throwIfAborted();
      log.warn("cannot say what is held of the threshold group", { cycle, reason: reasonOf(thrown) });
      return [];
    },
  );
  // What is signed is made of the hash of the last block before, which a fork may replace while it is the newest.
  await clock.reach(lastingFrom(holding), signal);
  const signLimit = { name: `signing cycle ${cycle} with the threshold group`, deadline: holding.end - 1 };
  const partials = await throughFaults(participant, signLimit, () => signPart(participant, journal, cycle)).catch(
    (thrown) => {
      signal.throwIfAborted();
      log.warn("cannot sign with the threshold group", { cycle, reason: reasonOf(thrown) });
      return null;
    },
  );
  if (held.length === 0 && partials === null) return log.debug("nothing to hold and nothing to sign", { cycle });
  const block = await commitRecord(participant, { type: "partial", cycle, held, partials, location }, holding);
  log.info("holds documents of the threshold group, and signed with it", {
    cycle,
    held: held.length,
    signed: partials !== null,
    block,
  });
};

/** Numbers of the members whose documents of this cycle are here, none where no group is being formed. */
const holdStep = async (participant: Participant, journal: GroupJournal, cycle: number): Promise<readonly number[]> => {
  const { clock, log, network, networkHash, signal } = participant;
  const { start, step } = groupCycle(cycle, scheduleOf(chainOf(participant)));
  if (step === null) return [];
  const { sealing, holding } = beaconWindows(cycle, network.phases);
  await clock.reach(sealing.end - 1, signal);
  formingOf(journal, networkHash, start);
  const slots = await membersOf({ participant, journal, start });
  // What counts of the steps before is used again, so that it stays here, and asked for again where it is missing.
  const before = FORMING_STEPS.slice(0, FORMING_STEPS.indexOf(step));
  const kept = before.map((one) => fetchCounted({ participant, journal, start, deadline: holding.start - 1 }, one));
  const options = {
    what: `what is held of the threshold group in cycle ${cycle}`,
    block: sealing.end - 1,
    checkAt: holding.start - 1,
  };
  const all = lastingAtBlock(participant, options, () =>
    waitForFiles(participant, { deadline: holding.start - 1 }, (wait) => {
      const source = groupSource(wait.source)!;
      return readUntilWhole(participant, wait, async () => {
        const read = await holdDocuments(source, cycle, slots);
        return { ...read, isWhole: read.missing.length === 0 };
      });
    }),
  );
  const [{ held, missing }] = await Promise.all([all, ...kept]);
  if (missing.length > 0) log.warn("documents of members cannot be had", { cycle, step, missing });
  return held;
};

/** Signs a cycle with the shares of the group that signs it. @returns the hash of the document, which is served; null without shares */
const signPart = async (participant: Participant, journal: GroupJournal, cycle: number): Promise<string | null> => {
  const { blobs, chain, network, networkHash, signer } = participant;
  const stated = await readStatedGroup(chainOf(participant), cycle);
  const shares = stated && sharesOf(journal, stated.hash);
  if (!shares || shares.size === 0) return null;
  const closing = await chain.blockHash(beaconWindows(cycle, network.phases).holding.start - 1);
  const name = { network: networkHash, cycle };
  const partials = [...signPartials(shares, { ...name, closing })];
  const bytes = canonicalBytes(await signGroupDocument("partial", { ...name, partials }, signer));
  await blobs.put(bytes);
  return sha256(bytes);
};
