import { isIP } from "node:net";
import { z } from "zod";
import { addressSchema } from "./address.js";
import { amountSchema, genesisSubnetSchema, hyperParameterChangeSchema, netuidSchema } from "./genesis.js";

/** Greatest number of bytes in a commitment (subtensor's `Raw128`). */
export const COMMITMENT_BYTES = 128;

/** Greatest size of a timelocked ciphertext, in bytes. */
const CIPHERTEXT_BYTES = 5000;

const u16 = z.int().min(0).max(65535);
const u16s = z.array(u16).max(4096);
const call = <Name extends string, Args extends z.ZodRawShape>(name: Name, args: Args) =>
  z.strictObject({ name: z.literal(name), args: z.strictObject(args) });

const commitmentText = z
  .string()
  .refine((text) => Buffer.from(text).toString() === text && Buffer.byteLength(text) <= COMMITMENT_BYTES, {
    error: `a commitment is UTF-8 text of at most ${COMMITMENT_BYTES} bytes`,
  });

/** Calls that only the sudo key may make. */
export const sudoCallSchema = z.discriminatedUnion("name", [
  /** A new subnet. Its owner is registered as uid 0, further neurons after it. */
  z.strictObject({ name: z.literal("createSubnet"), args: genesisSubnetSchema }),
  call("setHyperParameters", { netuid: netuidSchema, change: hyperParameterChangeSchema }),
  /** Sets a hotkey's stake without taking it from a balance. */
  call("setStake", { netuid: netuidSchema, hotkey: addressSchema, amount: amountSchema }),
  /** Adds to a balance without taking it from another. */
  call("faucet", { account: addressSchema, amount: amountSchema }),
]);

export const callSchema = z.discriminatedUnion("name", [
  /** Signed by the coldkey, which pays the burn. */
  call("burnedRegister", { netuid: netuidSchema, hotkey: addressSchema }),
  call("setCommitment", { netuid: netuidSchema, data: commitmentText }),
  call("setWeights", {
    netuid: netuidSchema,
    dests: u16s,
    weights: u16s,
    versionKey: z.int().min(0),
  }),
  /** `commit`: the hash of the values that `revealWeights` sends. */
  call("commitWeights", { netuid: netuidSchema, commit: z.string().regex(/^[0-9a-f]{64}$/, "64 hex digits") }),
  call("revealWeights", {
    netuid: netuidSchema,
    uids: u16s,
    values: u16s,
    salt: u16s,
    versionKey: z.int().min(0),
  }),
  /** `commit`: a ciphertext that the beacon's pulse of `revealRound` opens. */
  call("commitTimelockedWeights", {
    netuid: netuidSchema,
    commit: z
      .string()
      .regex(/^([0-9a-f]{2})+$/, "hex digits")
      .max(2 * CIPHERTEXT_BYTES),
    revealRound: z.int().min(0),
  }),
  call("serveAxon", {
    netuid: netuidSchema,
    ip: z.string().refine((text) => isIP(text) !== 0, "an IPv4 or IPv6 address"),
    port: u16,
  }),
  /** From the signer's balance. */
  call("addStake", { netuid: netuidSchema, hotkey: addressSchema, amount: amountSchema }),
  /** All calls take effect. If one fails, none does. */
  call("sudo", { calls: z.array(sudoCallSchema).min(1).max(256) }),
]);

export type Call = z.infer<typeof callSchema>;
export type SudoCall = z.infer<typeof sudoCallSchema>;
/** As a caller writes it. Defaults may be left out. */
export type SudoCallSpec = z.input<typeof sudoCallSchema>;
