import { bls12_381 as bls } from "@noble/curves/bls12-381";
import type { CycleName } from "../fallback.js";
import { fromHex, type G1, hexOf, parseG1, type RandomBytes, randomScalar } from "./curve.js";
import type { GroupDocument } from "./documents.js";
import type { GroupShape } from "./shape.js";
import type { ShareChannel } from "./share-encryption.js";
import type { Slots } from "./slots.js";

/** Who may deal and sign in a group, agreed before anybody deals. `cycle` is the first one that the group signs. */
export interface Membership extends CycleName {
  readonly shape: GroupShape;
  readonly slots: Slots;
  /** Hotkey → encryption key, by ascending hotkey. A member with slots and no key has no shares. */
  readonly keys: ReadonlyMap<string, G1>;
}

/** A new encryption key. @returns the secret, and the key of the `group-key` document */
export const newGroupKey = (random?: RandomBytes): { readonly secret: bigint; readonly key: string } => {
  const secret = randomScalar(random);
  return { secret, key: groupKeyOf(secret) };
};

/** The encryption key of a secret, as the `group-key` document has it. */
export const groupKeyOf = (secret: bigint): string => hexOf(bls.G1.Point.BASE.multiply(secret).toBytes(true));

/** The members whose documents have a valid key; the others' are as if they had not been sent. */
export const membersWithKeys = (
  slots: Slots,
  documents: ReadonlyMap<string, Pick<GroupDocument<"group-key">, "key">>,
): ReadonlyMap<string, G1> =>
  new Map(
    [...slots.keys()].flatMap((hotkey): readonly [string, G1][] => {
      const document = documents.get(hotkey);
      const key = document && parseG1(fromHex(document.key));
      return key?.ok ? [[hotkey, key.value]] : [];
    }),
  );

/** The slots of a member. None for a stranger. */
export const slotsOf = ({ slots }: Pick<Membership, "slots">, hotkey: string): readonly number[] =>
  slots.get(hotkey) ?? [];

/** The channel of a dealer to a member that has a key. */
export const channelTo = ({ network, cycle, keys }: Membership, dealer: string, member: string): ShareChannel => ({
  network,
  cycle,
  dealer,
  member,
  memberKey: keys.get(member)!,
});

/** The members with a key that complain of a dealer, by ascending hotkey. @param complaints member → whom it complains of */
export const complainingOf = (
  { keys }: Pick<Membership, "keys">,
  complaints: ReadonlyMap<string, Pick<GroupDocument<"complaint">, "against">>,
  dealer: string,
): readonly string[] => [...keys.keys()].filter((member) => complaints.get(member)?.against.includes(dealer));
