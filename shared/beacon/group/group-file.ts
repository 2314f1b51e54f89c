import { z } from "zod";
import { parseCanonical } from "#shared/protocol/canonical-json.js";
import { hashSchema } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { listOf } from "#shared/protocol/list-of.js";
import { MAX_MEMBERS, MAX_SHARES } from "#shared/protocol/network-file/group-rules.js";
import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import { MAX_CYCLE } from "#shared/protocol/records.js";
import { addressSchema } from "#shared/protocol/signing.js";
import type { CycleName } from "../fallback.js";
import { fromHex, type G2, hexOf, parseG2 } from "./curve.js";
import { g2Schema } from "./documents.js";
import type { FormedGroup } from "./form-group.js";
import type { GroupKeys } from "./group-keys.js";

/** Greatest size of a group's file, in bytes. */
export const MAX_GROUP_FILE_BYTES = 1 << 16;

const groupFileSchema = z.strictObject({
  version: z.literal(1),
  kind: z.literal("group"),
  network: hashSchema,
  /** The first cycle that it signs. */
  cycle: z.int().min(0).max(MAX_CYCLE),
  /** By ascending hotkey, with the number of each one's slots. */
  members: listOf(z.strictObject({ hotkey: addressSchema, slots: z.int().min(1).max(MAX_SHARES) }), MAX_MEMBERS, 1)
    .refine((members) => members.every(({ hotkey }, i) => i === 0 || hotkey > members[i - 1]!.hotkey), "not in order")
    .refine((members) => members.reduce((sum, { slots }) => sum + slots, 0) <= MAX_SHARES, "too many slots"),
  /** To the coefficients of the group's polynomial, as many as slots sign: the first is its public key. */
  commitments: listOf(g2Schema, MAX_SHARES, 1),
  /** Dealers whose secrets are in the group's, by ascending hotkey. */
  qualified: listOf(addressSchema, MAX_MEMBERS, 1),
});

/**
 * What everybody must know of a group that signs. Nobody signs it: validators state its hash, and what it says follows from the members' documents.
 */
export type GroupFile = z.infer<typeof groupFileSchema>;

/** The file of a group that formed. */
export const groupFile = ({ group, qualified }: FormedGroup & { readonly group: GroupKeys }): GroupFile => {
  const { membership, commitments } = group;
  return {
    version: 1,
    kind: "group",
    network: membership.network,
    cycle: membership.cycle,
    members: [...membership.slots].map(([hotkey, slots]) => ({ hotkey, slots: slots.length })),
    commitments: commitments.map((point) => hexOf(point.toBytes(true))),
    qualified: [...qualified],
  };
};

export const groupFileBytes = (file: GroupFile): Uint8Array => canonicalBytes(file);

/** Never throws, whatever the bytes. Points are not checked to be on the curve. */
export const parseGroupFile = (bytes: Uint8Array): Parsed<GroupFile> =>
  parseCanonical(bytes, groupFileSchema, MAX_GROUP_FILE_BYTES);

/** The same, and why it is none of a group that signs this cycle of this network. Never throws. */
export const readGroupFile = (bytes: Uint8Array, { network, cycle }: CycleName): Parsed<GroupFile> => {
  const parsed = parseGroupFile(bytes);
  if (!parsed.ok) return parsed;
  if (parsed.value.network !== network) return refused("its group is of another network");
  return parsed.value.cycle <= cycle ? parsed : refused(`its group signs from cycle ${parsed.value.cycle} on`);
};

/** What partial signatures are verified against, of a group's file; or why it has none. Takes milliseconds for each point. Never throws. */
export const keysOfFile = ({ network, cycle, members, commitments }: GroupFile): Parsed<GroupKeys> => {
  const points: G2[] = [];
  for (const commitment of commitments) {
    const point = parseG2(fromHex(commitment));
    if (!point.ok) return refused(`a commitment is ${point.problem}`);
    points.push(point.value);
  }
  const slots = new Map<string, readonly number[]>();
  let next = 1;
  for (const { hotkey, slots: count } of members) {
    const first = next;
    slots.set(
      hotkey,
      Array.from({ length: count }, (_, i) => first + i),
    );
    next += count;
  }
  const shape = { slots: next - 1, threshold: commitments.length };
  return accepted({ membership: { network, cycle, shape, slots }, publicKey: commitments[0]!, commitments: points });
};
