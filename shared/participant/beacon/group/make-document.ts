import { setImmediate } from "node:timers/promises";
import { fromHex, hexOf, scalarBytes } from "#shared/beacon/group/curve.js";
import { deal, openShares, readDealing } from "#shared/beacon/group/dealing.js";
import { type GroupDocument, signGroupDocument } from "#shared/beacon/group/documents.js";
import { complainingOf, groupKeyOf, type Membership } from "#shared/beacon/group/membership.js";
import { type FormingStep, firstSigned } from "#shared/beacon/group/schedule.js";
import { seededRandom } from "#shared/beacon/group/seeded-random.js";
import { countSlots } from "#shared/beacon/group/slots.js";
import { type Formation, fetchCounted, fetchMembership } from "./forming.js";
import { formingOf } from "./group-journal.js";

/**
 * This member's document of a step. Null if it has none: nobody to complain of, nothing to answer, or without a key that counts no part in
 * the group. From the same journal a key and a dealing are the same again.
 */
export const makeDocument = async (
  formation: Formation,
  step: FormingStep,
): Promise<GroupDocument<FormingStep> | null> => {
  const { participant, journal, start } = formation;
  const { signer, networkHash: network } = participant;
  const forming = formingOf(journal, network, start);
  const head = { network, cycle: firstSigned(start) };
  const secret = BigInt(`0x${forming.secret}`);
  if (step === "group-key") return signGroupDocument(step, { ...head, key: groupKeyOf(secret) }, signer);
  const membership = await fetchMembership(formation);
  // The secret of a key that counts may be lost. Without it every dealing looks wrong, and nobody is to blame.
  const own = membership?.keys.get(signer.address);
  if (!membership || !own || hexOf(own.toBytes(true)) !== groupKeyOf(secret)) return null;
  const dealt = () => deal(membership, signer.address, seededRandom(fromHex(forming.seed)));
  switch (step) {
    case "dealing": {
      const { commitments, shares } = dealt();
      return signGroupDocument(step, { ...head, commitments: [...commitments], shares }, signer);
    }
    case "complaint": {
      const against = await findWrong(formation, membership, secret);
      return against.length === 0 ? null : signGroupDocument(step, { ...head, against }, signer);
    }
    case "answer": {
      const { documents } = await fetchCounted(formation, "complaint");
      const members = complainingOf(membership, documents, signer.address);
      // To answer that many would open the secret.
      const isTooMany = countSlots(membership.slots, members) >= membership.shape.threshold;
      if (members.length === 0 || isTooMany) return null;
      const { ephemerals } = dealt();
      const answers = members.map((member) => ({ member, ephemeral: hexOf(scalarBytes(ephemerals.get(member)!)) }));
      return signGroupDocument(step, { ...head, answers }, signer);
    }
  }
};

/** The dealers whose shares for this member do not decrypt, or are not those committed to, by ascending hotkey. */
const findWrong = async (formation: Formation, membership: Membership, secret: bigint): Promise<string[]> => {
  const { signer, log } = formation.participant;
  const { documents } = await fetchCounted(formation, "dealing");
  const against: string[] = [];
  for (const [dealer, document] of documents) {
    // Each takes up to half a second.
    await setImmediate();
    const dealing = readDealing(document, membership);
    // What is wrong for everybody needs no complaint.
    if (!dealing.ok) continue;
    const shares = openShares(dealing.value, membership, signer.address, secret);
    if (shares.ok) continue;
    log.warn("complains of a dealing", { dealer, reason: shares.problem });
    against.push(dealer);
  }
  return against;
};
