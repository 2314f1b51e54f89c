import { z } from "zod";
import type { Membership } from "#shared/beacon/group/membership.js";
import { membersWithKeys } from "#shared/beacon/group/membership.js";
import { loadVectors } from "../protocol/vectors.js";

const texts = z.record(z.string(), z.string());

/** The group of tests/vectors/beacon.json: three members with five slots, three of which sign. */
export const { network, group: groupVectors } = loadVectors(
  "beacon",
  z.object({
    network: z.string(),
    group: z.object({
      cycle: z.int(),
      slots: z.int(),
      threshold: z.int(),
      assigned: z.array(z.tuple([z.string(), z.array(z.int())])),
      secrets: texts,
      keys: texts,
      dealings: z.array(
        z.object({
          hotkey: z.string(),
          commitments: z.array(z.string()),
          shares: z.array(z.object({ member: z.string(), ephemeral: z.string(), sealed: z.string() })),
        }),
      ),
      ephemerals: z.record(z.string(), texts),
      publicKey: z.string(),
      publicShares: z.array(z.tuple([z.int(), z.string()])),
      closing: z.string(),
      message: z.string(),
      partials: z.record(z.string(), z.array(z.string())),
      signature: z.string(),
      value: z.string(),
    }),
  }),
);

const slots = new Map(groupVectors.assigned);
const keys = new Map(Object.entries(groupVectors.keys).map(([hotkey, key]) => [hotkey, { key }]));

export const members = [...slots.keys()];

export const membership: Membership = {
  network,
  cycle: groupVectors.cycle,
  shape: { slots: groupVectors.slots, threshold: groupVectors.threshold },
  slots,
  keys: membersWithKeys(slots, keys),
};

export const secretOf = (member: string): bigint => BigInt(`0x${groupVectors.secrets[member]}`);

export const signed = { network, cycle: groupVectors.cycle, closing: groupVectors.closing };
