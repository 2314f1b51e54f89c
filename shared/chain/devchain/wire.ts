import { isIP } from "node:net";
import { z } from "zod";
import { addressSchema } from "./address.js";

/** The messages between node and client: JSON-RPC 2.0, one message per WebSocket frame. Amounts are decimal digits. */

export const hashSchema = z.string().regex(/^[0-9a-f]{64}$/);
const hash = hashSchema;
const count = z.int().min(0);
const amount = z
  .string()
  .regex(/^\d{1,40}$/)
  .transform(BigInt);
const share = z.number().min(0).max(1);

/** A compressed point of G1. */
export const signatureSchema = z.string().regex(/^[0-9a-f]{96}$/);

export const headSchema = z.object({ number: count, hash, timestamp: count });
/** The heads of the blocks from a number on, as many as there are, at most so many. */
export const headsSchema = (from: number, most: number) =>
  z
    .array(headSchema)
    .max(most)
    .refine((heads) => heads.every(({ number }, i) => number === from + i), "other blocks than were asked for");

const outcomeError = z.object({ reason: z.string(), message: z.string() });
const receipt = { hash, block: count, blockHash: hash, error: outcomeError.optional() };
export const receiptSchema = z.object(receipt);
export const submissionSchema = z.discriminatedUnion("status", [
  z.object({ status: z.literal("pool"), hash }),
  z.object({ status: z.literal("included"), ...receipt }),
]);
export type WireReceipt = z.infer<typeof receiptSchema>;

export const subscriptionSchema = z.object({ genesis: hash, head: headSchema });

export const metagraphSchema = z.object({
  netuid: count,
  block: count,
  ownerHotkey: addressSchema,
  neurons: z.array(
    z.object({
      uid: count,
      hotkey: addressSchema,
      coldkey: addressSchema,
      stake: amount,
      validatorPermit: z.boolean(),
      active: z.boolean(),
      rank: share,
      trust: share,
      validatorTrust: share,
      incentive: share,
      consensus: share,
      dividends: share,
      emission: amount,
      lastUpdate: count,
      registeredAt: count,
      axon: z
        .object({ ip: z.string().refine((text) => isIP(text) !== 0, "not an IP address"), port: count, block: count })
        .nullable(),
    }),
  ),
});

export const hyperParametersReplySchema = z.object({
  tempo: count,
  epochLength: count,
  weightsRateLimit: count,
  weightsVersion: count,
  weightsMode: z.enum(["plain", "hash", "timelock"]),
  timelockPayload: z.enum(["legacy", "hotkey"]),
  timelockReveal: z.enum(["at-epoch", "within-epoch"]),
  revealPeriod: count,
  minAllowedWeights: count,
  maxValidators: count,
  maxUids: count,
  immunityPeriod: count,
  activityCutoff: count,
  servingRateLimit: count,
  burn: amount,
  registrationAllowed: z.boolean(),
});

export const commitmentsSchema = z.array(z.object({ hotkey: addressSchema, data: z.string(), block: count }));
export const weightsSchema = z.array(z.object({ uid: count, weights: z.array(z.tuple([count, count]).readonly()) }));
export const pendingWeightsSchema = z.array(
  z.object({
    hash,
    block: count,
    reveal: z.union([z.object({ first: count, last: count }), z.object({ round: count })]),
  }),
);
export const commitmentSpaceSchema = z.object({ used: count, limit: count, renewed: count });
export const balanceSchema = amount;

/** JSON-RPC's own codes, and Substrate's for a refused extrinsic. */
export const rpcCodes = {
  parse: -32700,
  request: -32600,
  method: -32601,
  params: -32602,
  server: -32000,
  busy: -32005,
  invalidTransaction: 1010,
} as const;

/** Client to node. */
export const requestSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.int(), z.string().max(64)]),
  method: z.string().max(64),
  params: z.array(z.unknown()).max(8).default([]),
});

/** Node to client: an answer, or a notification (`head`, `extrinsic`). */
export const incomingSchema = z.union([
  z.object({ jsonrpc: z.literal("2.0"), method: z.string(), params: z.unknown() }),
  z.object({
    jsonrpc: z.literal("2.0"),
    id: z.union([z.int(), z.string(), z.null()]),
    error: z.object({
      code: z.number(),
      message: z.string(),
      /** The rule's name if it comes from a devchain. A Substrate node may send text or anything else. */
      data: z
        .union([z.object({ reason: z.string() }), z.string()])
        .optional()
        .catch(undefined),
    }),
  }),
  z.object({ jsonrpc: z.literal("2.0"), id: z.union([z.int(), z.string()]), result: z.unknown() }),
]);
