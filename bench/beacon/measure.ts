import { createHash } from "node:crypto";
import { type Contribution, contributionBody, readContribution } from "#shared/beacon/contributions/contribution.js";
import { mixOpenings } from "#shared/beacon/contributions/mix.js";
import { readOpening, sealOpening } from "#shared/beacon/contributions/seal.js";
import { deal, openShares, readDealing } from "#shared/beacon/group/dealing.js";
import { formGroup, memberShares } from "#shared/beacon/group/form-group.js";
import { type Membership, membersWithKeys, newGroupKey } from "#shared/beacon/group/membership.js";
import { GROUP_SHAPE } from "#shared/beacon/group/shape.js";
import { combinePartials, signPartials, verifyGroupSignature } from "#shared/beacon/group/sign.js";
import { assignSlots } from "#shared/beacon/group/slots.js";
import { beaconPublicKey, signPulse } from "#shared/chain/timelock/pulse.js";
import { timelockOpener } from "#shared/chain/timelock/timelock.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { signerFromUri, verify } from "#shared/wallet/index.js";
import { ownSeconds } from "../machine.js";

const NETWORK = sha256(Buffer.from("bench"));
const CYCLE = 1;
const ROUND = 1000;
const name = { network: NETWORK, cycle: CYCLE };

/** Processor seconds of one part of the work, and how often it was done in them. */
export interface Cost {
  readonly what: string;
  readonly times: number;
  readonly seconds: number;
}

export interface ContributionCosts {
  readonly costs: readonly Cost[];
  /** Contributions that opened. */
  readonly opened: number;
}

export interface GroupCosts {
  readonly costs: readonly Cost[];
  /** Whether the group's signature holds. */
  readonly holds: boolean;
}

const costOf = <T>(costs: Cost[], what: string, times: number, work: () => T): T => {
  const begin = ownSeconds();
  const result = work();
  costs.push({ what, times, seconds: ownSeconds() - begin });
  return result;
};

/** Seals, reads, opens and mixes that many contributions, as their contributors and one validator do together. */
export const measureContributions = async (contributors: number): Promise<ContributionCosts> => {
  const seed = createHash("sha256").update("bench").digest();
  const publicKey = beaconPublicKey(seed);
  const signers = await Promise.all(Array.from({ length: contributors }, (_, i) => signerFromUri(`//Contributor${i}`)));
  const costs: Cost[] = [];
  const documents = costOf(costs, "sealing", contributors, () =>
    signers.map((signer): Contribution => {
      const sealed = sealOpening({ ...name, hotkey: signer.address, round: ROUND, publicKey });
      const body = contributionBody({ ...name, round: ROUND, sealed }, signer.address);
      return { ...body, signature: Buffer.from(signer.signBytes(canonicalBytes(body))).toString("hex") };
    }),
  );
  const files = documents.map((document) => canonicalBytes(document));
  const read = costOf(costs, "reading", contributors, () =>
    files.flatMap((bytes, i) => {
      const contribution = readContribution(bytes, { ...name, hotkey: signers[i]!.address, round: ROUND }, verify);
      return contribution.ok ? [contribution.value] : [];
    }),
  );
  const pulse = signPulse(seed, ROUND);
  const openings = costOf(costs, "opening", contributors, () => {
    const open = timelockOpener(pulse);
    return new Map(
      read.flatMap(({ sealed, hotkey }) => {
        const opening = readOpening(Buffer.from(sealed, "hex"), { ...name, hotkey }, open);
        return opening.ok ? [[hotkey, opening.value] as const] : [];
      }),
    );
  });
  costOf(costs, "mixing", 1, () => mixOpenings({ ...name, pulse, openings, blockHash: NETWORK }));
  return { costs, opened: openings.size };
};

/** Forms the group of 128 slots among that many members of equal weight, and signs one cycle. */
export const measureGroup = async (members: number): Promise<GroupCosts> => {
  const hotkeys = Array.from({ length: members }, (_, i) => `member ${String(i).padStart(3, "0")}`);
  const slots = assignSlots(
    hotkeys.map((hotkey) => [hotkey, 1]),
    GROUP_SHAPE.slots,
  );
  const own = new Map(hotkeys.map((hotkey) => [hotkey, newGroupKey()]));
  const membership: Membership = { ...name, shape: GROUP_SHAPE, slots, keys: membersWithKeys(slots, own) };
  const [first] = hotkeys as [string];
  const { secret } = own.get(first)!;
  const costs: Cost[] = [];
  const dealings = costOf(costs, "dealing", members, () =>
    hotkeys.map((hotkey) => ({ hotkey, ...deal(membership, hotkey) })),
  ).map(({ ephemerals: _, commitments, ...dealing }) => ({ ...dealing, commitments: [...commitments] }));
  const read = costOf(costs, "reading dealings", members, () =>
    dealings.flatMap((dealing) => {
      const result = readDealing(dealing, membership);
      return result.ok ? [result.value] : [];
    }),
  );
  costOf(costs, "one member's shares of all dealings", members, () =>
    read.map((dealing) => openShares(dealing, membership, first, secret)),
  );
  const documents = {
    dealings: new Map(dealings.map((one) => [one.hotkey, one])),
    complaints: new Map(),
    answers: new Map(),
  };
  const begin = ownSeconds();
  const { group } = await formGroup(membership, documents);
  costs.push({ what: "forming the group", times: 1, seconds: ownSeconds() - begin });
  if (group === null) return { costs, holds: false };
  const signed = { ...name, closing: NETWORK };
  const shares = hotkeys.map((hotkey) => memberShares(group, hotkey, own.get(hotkey)!.secret));
  const partials = costOf(costs, "partial signatures", GROUP_SHAPE.slots, () =>
    hotkeys.map((hotkey, i) => [hotkey, signPartials(shares[i]!, signed)] as const),
  );
  const combining = ownSeconds();
  const { signature } = await combinePartials(group, new Map(partials), signed);
  costs.push({ what: "combining", times: 1, seconds: ownSeconds() - combining });
  const holds = costOf(costs, "verifying the signature", 1, () =>
    verifyGroupSignature(group.publicKey, signature ?? "", signed),
  );
  return { costs, holds };
};
