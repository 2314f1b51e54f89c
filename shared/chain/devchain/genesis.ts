import { z } from "zod";
import { hashJson } from "#shared/protocol/hash-json.js";
import { addressSchema } from "./address.js";

const u16 = z.int().min(0).max(65535);
/** Smallest units, in decimal digits, because a JSON number cannot hold every u64. */
export const amountSchema = z
  .string()
  .regex(/^(0|[1-9]\d{0,19})$/, "an amount is up to 20 decimal digits")
  .refine((digits) => BigInt(digits) < 1n << 64n, "an amount is below 2^64");
export const netuidSchema = u16;

const completeHyperParameters = z.strictObject({
  /** An epoch every tempo + 1 blocks. 0: never. */
  tempo: u16,
  /** Least number of blocks between two settings of weights by one neuron. */
  weightsRateLimit: z.int().min(0),
  weightsVersion: z.int().min(0),
  minAllowedWeights: u16,
  /** Greatest part of a row's sum that one weight may have, u16 of one. */
  maxWeight: u16,
  /** Weights are committed first and revealed later. */
  commitReveal: z.boolean(),
  /** Epochs between the commitment and the reveal. */
  revealPeriod: z.int().min(1).max(100),
  maxValidators: u16.min(1),
  maxUids: u16.min(1).max(4096),
  /** Blocks after registration in which a neuron is not replaced. */
  immunityPeriod: u16,
  activityCutoff: u16,
  registrationAllowed: z.boolean(),
  maxRegistrationsPerBlock: u16,
  /** An interval allows three times as many. The price rises if there were more, and falls if there were none. */
  targetRegistrationsPerInterval: u16,
  /** Blocks between two adjustments of the price. */
  adjustmentInterval: u16,
  /** Share of the old price kept at an adjustment, u64 of one. */
  adjustmentAlpha: amountSchema,
  /** Current price of a registration, and its bounds. */
  burn: amountSchema,
  minBurn: amountSchema,
  maxBurn: amountSchema,
  /** Least number of blocks between two announcements of an axon. */
  servingRateLimit: z.int().min(0),
  /** Least stake for holding a permit and for setting weights. */
  stakeThreshold: amountSchema,
  /** Consensus majority, u16 of one. */
  kappa: u16,
  /** Share of old bonds kept at an epoch, in millionths. */
  bondsMovingAverage: z.int().min(0).max(1_000_000),
  /** u16 of one: how far bonds follow the clipped weights. */
  bondsPenalty: u16,
  /** The owner's share of emission, u16 of one. */
  ownerCut: u16,
});

export type HyperParameterSpec = z.infer<typeof completeHyperParameters>;

/** The values that subtensor gives a new subnet, except that registration is free. */
export const defaultHyperParameters: HyperParameterSpec = {
  tempo: 360,
  weightsRateLimit: 100,
  weightsVersion: 0,
  minAllowedWeights: 1,
  maxWeight: 65535,
  commitReveal: false,
  revealPeriod: 1,
  maxValidators: 64,
  maxUids: 256,
  immunityPeriod: 5000,
  activityCutoff: 5000,
  registrationAllowed: true,
  maxRegistrationsPerBlock: 1,
  targetRegistrationsPerInterval: 1,
  adjustmentInterval: 360,
  adjustmentAlpha: "17893341751498265066",
  burn: "0",
  minBurn: "0",
  maxBurn: "100000000000",
  servingRateLimit: 50,
  stakeThreshold: "0",
  kappa: 32767,
  bondsMovingAverage: 900_000,
  bondsPenalty: 65535,
  ownerCut: 11796,
};

/** Some of a subnet's parameters. */
export const hyperParameterChangeSchema = completeHyperParameters.partial();
export type HyperParameterChange = z.infer<typeof hyperParameterChangeSchema>;

export const changeHyperParameters = (base: HyperParameterSpec, change: HyperParameterChange): HyperParameterSpec =>
  completeHyperParameters.parse({
    ...base,
    ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)),
  });

/** A subnet's parameters, defaults filled in. */
export const hyperParametersSchema = hyperParameterChangeSchema.transform((given) =>
  changeHyperParameters(defaultHyperParameters, given),
);

export const genesisSubnetSchema = z.strictObject({
  netuid: netuidSchema,
  ownerHotkey: addressSchema,
  hyperParameters: hyperParametersSchema.prefault({}),
  /** Registered in this order after the owner, who is uid 0. Each is its own coldkey. */
  neurons: z.array(addressSchema).max(4095).default([]),
  /** Stake by hotkey. */
  stakes: z.record(addressSchema, amountSchema).default({}),
});

/** A drand beacon that the chain simulates. Anybody who knows the seed knows every pulse. */
export const drandSchema = z.strictObject({
  /** 32 bytes, hex. */
  seed: z.string().regex(/^[0-9a-f]{64}$/, "a beacon's seed is 64 hex digits"),
  /** When round 1 is published, seconds since the epoch. */
  genesisTime: z.number().min(0).default(0),
  /** Seconds between two rounds. */
  period: z.number().min(0.05).default(3),
});
export type DrandSetting = z.infer<typeof drandSchema>;

/** The starting state of a devchain. Its hash identifies the chain. */
export const genesisSchema = z.strictObject({
  version: z.literal(1).default(1),
  name: z.string().min(1).max(64).default("blockzero-devchain"),
  /** Milliseconds since the epoch. */
  timestamp: z.int().min(0).default(0),
  /** The key that may sign `sudo`. */
  sudo: addressSchema,
  balances: z.record(addressSchema, amountSchema).default({}),
  subnets: z.array(genesisSubnetSchema).max(64).default([]),
  /** Paid to every subnet at every block. */
  emissionPerBlock: amountSchema.default("1000000000"),
  /** Bytes of commitments that a hotkey may write per tempo. Each commitment counts as at least 100. */
  commitmentSpace: z.int().min(100).default(3100),
  /** Reveals timelocked weights. Without a beacon they stay closed, and are lost when they are due. */
  drand: drandSchema.nullable().default(null),
});

export type Genesis = z.infer<typeof genesisSchema>;
/** As a person writes it, without the defaults. */
export type GenesisSpec = z.input<typeof genesisSchema>;

/** 64 hex digits over the genesis with its defaults filled in. */
export const hashGenesis = (genesis: Genesis): string => hashJson(genesis);
