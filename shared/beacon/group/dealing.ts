import { bls12_381 as bls } from "@noble/curves/bls12-381";
import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import { fromHex, type G2, hexOf, parseG1, parseG2, type RandomBytes, randomScalar } from "./curve.js";
import type { GroupDocument } from "./documents.js";
import { channelTo, type Membership, slotsOf } from "./membership.js";
import { commitTo, evaluate, evaluateInExponent, randomPolynomial } from "./polynomial.js";
import { decryptInPublic, decryptShares, encryptShares, SHARE_BYTES, TAG_BYTES } from "./share-encryption.js";

/** What a dealer publishes, and what it keeps to answer complaints. */
export interface Dealt {
  readonly commitments: readonly string[];
  readonly shares: GroupDocument<"dealing">["shares"];
  /** Member → the ephemeral scalar of its shares. */
  readonly ephemerals: ReadonlyMap<string, bigint>;
}

/** Deals a random secret to the members. A dealer that draws from a kept seed can deal the same again after a restart. */
export const deal = (membership: Membership, dealer: string, random?: RandomBytes): Dealt => {
  const polynomial = randomPolynomial(membership.shape.threshold, random);
  const ephemerals = new Map([...membership.keys.keys()].map((member) => [member, randomScalar(random)]));
  return {
    commitments: commitTo(polynomial).map((point) => hexOf(point.toBytes(true))),
    shares: [...ephemerals].map(([member, ephemeral]) => {
      const shares = slotsOf(membership, member).map((slot) => evaluate(polynomial, slot));
      return {
        member,
        ephemeral: hexOf(bls.G1.Point.BASE.multiply(ephemeral).toBytes(true)),
        sealed: hexOf(encryptShares(shares, ephemeral, channelTo(membership, dealer, member))),
      };
    }),
    ephemerals,
  };
};

/** A dealing whose form is right. Whether its shares are is for each member to see. */
export interface Dealing {
  readonly dealer: string;
  readonly commitments: readonly G2[];
  /** Member → its encrypted shares. */
  readonly shares: ReadonlyMap<string, GroupDocument<"dealing">["shares"][number]>;
}

/** Why a dealing cannot be used, by what everybody sees; else the dealing. Never throws. */
export const readDealing = (
  { hotkey, commitments, shares }: Pick<GroupDocument<"dealing">, "hotkey" | "commitments" | "shares">,
  membership: Membership,
): Parsed<Dealing> => {
  const { shape, keys } = membership;
  if (!keys.has(hotkey)) return refused("its dealer is no member with a key");
  if (commitments.length !== shape.threshold)
    return refused(`it has ${commitments.length} commitments, not ${shape.threshold}`);
  const members = [...keys.keys()];
  if (shares.length !== members.length || shares.some(({ member }, i) => member !== members[i]))
    return refused("its shares are not one entry for each member with a key, by ascending hotkey");
  for (const { member, sealed } of shares)
    if (sealed.length !== 2 * (slotsOf(membership, member).length * SHARE_BYTES + TAG_BYTES))
      return refused(`its shares of ${member} have the wrong length`);
  const points: G2[] = [];
  for (const commitment of commitments) {
    const point = parseG2(fromHex(commitment));
    if (!point.ok) return refused(`a commitment is ${point.problem}`);
    points.push(point.value);
  }
  return accepted({ dealer: hotkey, commitments: points, shares: new Map(shares.map((one) => [one.member, one])) });
};

/** A member's shares of a dealing as they decrypt, right or wrong. @param secret of its encryption key */
export const decryptOwn = (
  dealing: Dealing,
  membership: Membership,
  member: string,
  secret: bigint,
): Parsed<readonly bigint[]> => {
  const { ephemeral, sealed } = dealing.shares.get(member)!;
  const point = parseG1(fromHex(ephemeral));
  if (!point.ok) return refused(`its ephemeral point is ${point.problem}`);
  return decryptShares(fromHex(sealed), point.value, secret, channelTo(membership, dealing.dealer, member));
};

/** The same, or what the member complains of. */
export const openShares = (
  dealing: Dealing,
  membership: Membership,
  member: string,
  secret: bigint,
): Parsed<readonly bigint[]> =>
  matching(decryptOwn(dealing, membership, member, secret), dealing, slotsOf(membership, member));

/** A member's shares of a dealing by the ephemeral scalar that its dealer published, or why the answer does not hold. */
export const openAnswer = (
  dealing: Dealing,
  membership: Membership,
  member: string,
  scalar: bigint,
): Parsed<readonly bigint[]> => {
  const { ephemeral, sealed } = dealing.shares.get(member)!;
  if (hexOf(bls.G1.Point.BASE.multiply(scalar).toBytes(true)) !== ephemeral)
    return refused("it is of another ephemeral point");
  const channel = channelTo(membership, dealing.dealer, member);
  return matching(decryptInPublic(fromHex(sealed), scalar, channel), dealing, slotsOf(membership, member));
};

/** Feldman's check: each share times the generator is what the commitments give at its slot. */
const matching = (
  shares: Parsed<readonly bigint[]>,
  { commitments }: Dealing,
  slots: readonly number[],
): Parsed<readonly bigint[]> => {
  if (!shares.ok) return shares;
  const isDealt = slots.every((slot, i) =>
    bls.G2.Point.BASE.multiply(shares.value[i]!).equals(evaluateInExponent(commitments, slot)),
  );
  return isDealt ? shares : refused("its shares are not those committed to");
};
