import { z } from "zod";
import { addressSchema } from "./address.js";
import { amountSchema, genesisSubnetSchema, hyperParameterChangeSchema, netuidSchema } from "./genesis.js";

/** The most bytes a commitment holds (subtensor's `Raw128`). */
export const COMMITMENT_BYTES = 128;

const u16 = z.int().min(0).max(65535);
const call = <Name extends string, Args extends z.ZodRawShape>(name: Name, args: Args) =>
  z.strictObject({ name: z.literal(name), args: z.strictObject(args) });

const commitmentText = z
  .string()
  .refine((text) => Buffer.from(text).toString() === text && Buffer.byteLength(text) <= COMMITMENT_BYTES, {
    error: `a commitment is UTF-8 text of at most ${COMMITMENT_BYTES} bytes`,
  });

/** What only the sudo key may do. */
export const sudoCallSchema = z.discriminatedUnion("name", [
  /** A new subnet; its owner is registered as uid 0, further neurons after it. */
  z.strictObject({ name: z.literal("createSubnet"), args: genesisSubnetSchema }),
  call("setHyperParameters", { netuid: netuidSchema, change: hyperParameterChangeSchema }),
  /** Sets a hotkey's stake out of nothing. */
  call("setStake", { netuid: netuidSchema, hotkey: addressSchema, amount: amountSchema }),
  /** Adds to a balance out of nothing. */
  call("faucet", { account: addressSchema, amount: amountSchema }),
]);

export const callSchema = z.discriminatedUnion("name", [
  /** Signed by the coldkey, who pays the burn. */
  call("burnedRegister", { netuid: netuidSchema, hotkey: addressSchema }),
  call("setCommitment", { netuid: netuidSchema, data: commitmentText }),
  call("setWeights", {
    netuid: netuidSchema,
    dests: z.array(u16).max(4096),
    weights: z.array(u16).max(4096),
    versionKey: z.int().min(0),
  }),
  /** From the signer's balance. */
  call("addStake", { netuid: netuidSchema, hotkey: addressSchema, amount: amountSchema }),
  /** All of them or, where one fails, none. */
  call("sudo", { calls: z.array(sudoCallSchema).min(1).max(256) }),
]);

export type Call = z.infer<typeof callSchema>;
export type SudoCall = z.infer<typeof sudoCallSchema>;
/** As a caller writes it: defaults may be left out. */
export type SudoCallSpec = z.input<typeof sudoCallSchema>;
