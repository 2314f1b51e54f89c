import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { z } from "zod";
import { curveSchema } from "./curve.js";
import { DEFAULT_CONFIDENCE } from "./default-confidence.js";
import { DEFAULT_CURVE } from "./default-curve.js";
import { outerSchema } from "./outer.js";

/** A name that fits a record: lower case, at most 12 characters. */
export const groupName = z.string().regex(/^[a-z][a-z0-9-]{0,11}$/, "a group's name is 1–12 of a–z, 0–9, -");

/** Most expert groups of a network: a ballot record has room for the votes on so many. */
export const MAX_GROUPS = 48;

/** Blocks per phase; their sum is the cycle. */
export const phaseLengthsSchema = z.strictObject({
  distribute: z.int().min(1),
  train: z.int().min(1),
  commit: z.int().min(1),
  reveal: z.int().min(1),
  evaluate: z.int().min(1),
  exchange: z.int().min(1),
  choose: z.int().min(1),
  merge: z.int().min(1),
});

/**
 * A weighted source of documents; `kind` names a module of `datasets/`. The network file pins its content; `path` tells one machine where it has
 * the file, and decides nothing.
 */
export const dataSourceSchema = z.strictObject({
  kind: z.string().min(1),
  weight: z.number().positive().default(1),
  path: z.string().optional(),
  /** Of a file of documents its SHA-256; of a source of the toolkit that of its documents: see `datasets/digest.ts`. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "a hash is 64 lower-case hex digits")
    .optional(),
  /** Length of a file of documents. */
  bytes: z.int().positive().optional(),
});

/** A drand beacon of the scheme `bls-unchained-g1-rfc9380`. */
export const drandBeaconSchema = z.strictObject({
  /** Compressed point of G2. */
  public_key: z.string().regex(/^[0-9a-f]{192}$/, "a beacon's public key is 192 hex digits"),
  /** When round 1 is published, seconds since the epoch. */
  genesis_time: z.number().min(0),
  /** Seconds between two rounds. */
  period: z.number().min(0.01),
});

/** The beacon that the chain follows, whose pulses make evaluation seeds: see `seed.ts`. */
export const seedBeaconSchema = drandBeaconSchema.extend({
  /** Rounds from the newest one at the last block before a seed to the one that makes it: more than a block takes, so that its producer cannot know. */
  delay: z.int().min(1).max(1000).default(5),
});

/** Evaluation text that nobody can read before its time: see `sealed-text.ts`. */
export const sealedTextSchema = z.strictObject({
  /** What opens it. */
  beacon: drandBeaconSchema,
  /** The round that opens the first envelope, and rounds from one envelope to the next. */
  first_round: z.int().min(1),
  spacing: z.int().min(1),
  envelopes: z.int().min(1).max(1_000_000),
  /** SHA-256 of the index: the hashes of all envelopes, 32 bytes each, one after the other. */
  index: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Which experts of which layer a group owns, as in the file group → layer → expert ids. */
export const expertGroupSchema = z.strictObject({
  experts: z.record(z.string().regex(/^\d+$/), z.array(z.int().min(0)).min(1)),
  data: z.array(dataSourceSchema).min(1),
  /** What the group's updates are judged on, in place of the held-out part of `data`. */
  sealed: sealedTextSchema.optional(),
});

/** The subset of a Hugging Face `Qwen3MoeConfig` that decides shapes and arithmetic; same names, same meaning. */
export const modelConfigSchema = z
  .strictObject({
    vocab_size: z.int().min(2),
    hidden_size: z.int().min(1),
    num_hidden_layers: z.int().min(1),
    num_attention_heads: z.int().min(1),
    num_key_value_heads: z.int().min(1),
    head_dim: z.int().min(2),
    num_experts: z.int().min(1),
    num_experts_per_tok: z.int().min(1),
    moe_intermediate_size: z.int().min(1),
    norm_topk_prob: z.boolean(),
    rms_norm_eps: z.number().positive(),
    rope_theta: z.number().positive(),
    max_position_embeddings: z.int().min(1),
    tie_word_embeddings: z.boolean(),
  })
  .superRefine((model, context) => {
    const refuse = (path: keyof typeof model, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    if (model.num_attention_heads % model.num_key_value_heads !== 0)
      refuse("num_key_value_heads", `does not divide num_attention_heads (${model.num_attention_heads})`);
    if (model.head_dim % 2 !== 0) refuse("head_dim", "is odd: rotary embedding turns pairs");
    if (model.num_experts_per_tok > model.num_experts)
      refuse("num_experts_per_tok", `is more than num_experts (${model.num_experts})`);
  });

/** How the tensors of an update are written; the codecs are in `shared/artifact/codec/`. */
export const CODEC_NAMES = ["float32", "bfloat16", "int8", "topk-2bit"] as const;

export const codecName = z.enum(CODEC_NAMES);

/** How the selected updates of a group become one; the rules are in `shared/scoring/robust/`. */
export const mergeRuleSchema = z.discriminatedUnion("rule", [
  z.strictObject({
    rule: z.literal("weighted-mean"),
    /** Whether updates longer than the median one are brought down to its L2 norm. */
    clip: z.enum(["median-norm", "none"]).default("median-norm"),
  }),
  z.strictObject({
    rule: z.literal("trimmed-mean"),
    /** Part of the shares that is cut off at each end, element by element. */
    trim: z.number().gt(0).max(0.49).default(0.2),
  }),
  z.strictObject({ rule: z.literal("geometric-median"), iterations: z.int().min(1).max(100).default(16) }),
  z.strictObject({ rule: z.literal("centred-clipping"), iterations: z.int().min(1).max(100).default(4) }),
]);

const hash64 = z.string().regex(/^[0-9a-f]{64}$/, "a hash is 64 lower-case hex digits");

/** A network file is a few kilobytes; a large model's expert groups may take some hundred. */
export const MAX_NETWORK_BYTES = 4 << 20;

/** Everything participants must agree on. Its hash stands on chain and in every record. */
export const networkSchema = z.strictObject({
  version: z.literal(1),
  name: z.string().min(1),
  netuid: z.int().min(0),
  /** The first cycle in which this file is in force; it starts from the genesis model, or from what the former file came to. */
  first_cycle: z.int().min(0).default(0),
  /** The file that this one takes over from: see `succession.ts`. Without it a network begins anew. */
  succeeds: z
    .strictObject({
      network: hash64,
      /** The first of all files in that line. */
      origin: hash64,
    })
    .optional(),
  phases: phaseLengthsSchema,
  /** What makes evaluation seeds; without it block hashes do, among which a block's producer can choose. */
  beacon: seedBeaconSchema.optional(),
  model: modelConfigSchema,
  groups: z
    .record(groupName, expertGroupSchema)
    .refine((groups) => Object.keys(groups).length <= MAX_GROUPS, `a ballot has room for ${MAX_GROUPS} groups`),
  data: z.strictObject({
    /** The rule that makes tokens of text; another rule has another name. */
    tokenizer: z.literal("byte"),
    /** The rule by which documents are held out; another rule has another name. */
    split: z.literal("sha256").default("sha256"),
    sequence_length: z.int().min(1),
    /** Share of documents, chosen by their content's hash, that the training loader never yields. */
    held_out: z.number().gt(0).lt(1),
  }),
  training: z.strictObject({
    outer: outerSchema.prefault({}),
    merge: mergeRuleSchema.prefault({ rule: "weighted-mean" }),
  }),
  scoring: z.strictObject({
    /** Paired batches per artifact, and sequences per batch. */
    eval_batches: z.int().min(2),
    eval_batch_size: z.int().min(1),
    /** One-sided confidence that the mean improvement is above its lower bound: how rarely noise earns. */
    confidence: z.number().gt(0.5).lt(1).default(DEFAULT_CONFIDENCE),
    /** Power of that bound which is the score. */
    exponent: z.number().positive().max(16).default(1),
    /** How evaluation stops early: see `shared/scoring/racing/`. */
    racing: z
      .strictObject({
        /** Times at most that a miner is looked at, at doubling numbers of batches; 1 evaluates everything. */
        rounds: z.int().min(1).max(10).default(4),
        /** Share of a bound by which two miners must differ for their order to matter. */
        tolerance: z.number().min(0).lt(1).default(0.1),
      })
      .prefault({}),
    /** Artifacts merged per group. */
    top_n: z.int().min(1),
    /** How a group's pool is shared out among its miners. */
    rewards: curveSchema.prefault(DEFAULT_CURVE),
    /** Share of all pay that goes to the subnet owner's uid, where the chain burns it. */
    burn: z.number().min(0).lt(1).default(0),
    /** Cycles in the mean that decides pay. */
    window: z.int().min(1),
    /** Largest allowed L2 norm of an update relative to the norm of the weights that it updates. */
    max_update_norm: z.number().positive(),
  }),
  voting: z
    .strictObject({
      /** Cycles after which the stake of a validator that puts no record on chain does not count any more. */
      silent_after: z.int().min(1).max(100_000).default(8),
      /**
       * Share of the stake of all known validators that those who are not silent must hold to vote without the others. Those who come back first after
       * all were silent decide with half of it, and validators that hold more than the rest of 1 stop the network when they are gone: a quarter
       * asks an eighth of the known stake for the one, and bears the loss of three quarters.
       */
      quorum: z.number().min(0).max(1).default(0.25),
    })
    .prefault({}),
  artifact: z
    .strictObject({
      /** The codec of every update: an update in another is rejected. */
      codec: codecName.default("float32"),
    })
    .prefault({}),
  limits: z.strictObject({
    artifact_bytes: z.int().positive(),
  }),
  /** The model of cycle 0: the hash of its model manifest (64 hex digits). */
  genesis: z.string().regex(/^[0-9a-f]{64}$/),
});

export type PhaseLengths = z.infer<typeof phaseLengthsSchema>;
export type DataSource = z.infer<typeof dataSourceSchema>;
export type DrandBeacon = z.infer<typeof drandBeaconSchema>;
export type SeedBeacon = z.infer<typeof seedBeaconSchema>;
export type SealedText = z.infer<typeof sealedTextSchema>;
export type ExpertGroup = z.infer<typeof expertGroupSchema>;
export type ModelConfig = z.infer<typeof modelConfigSchema>;
export type CodecName = z.infer<typeof codecName>;
export type MergeRule = z.infer<typeof mergeRuleSchema>;
export type Network = z.infer<typeof networkSchema>;

/** RFC 8785 bytes: what is hashed and signed wherever JSON is. */
export const canonicalBytes = (value: unknown): Uint8Array => {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("value has no canonical JSON form");
  return new TextEncoder().encode(text);
};

/** SHA-256 of RFC 8785 JSON, 64 hex digits. */
export const hashJson = (value: unknown): string => createHash("sha256").update(canonicalBytes(value)).digest("hex");

/** What of a network decides: all but where one machine has its files. */
export const decisiveNetwork = (network: Network): Network => ({
  ...network,
  groups: Object.fromEntries(
    Object.entries(network.groups).map(([name, group]) => [
      name,
      { ...group, data: group.data.map(({ path: _, ...source }) => source) },
    ]),
  ),
});

/** The network file as it is published: canonical JSON. */
export const networkBytes = (network: Network): Uint8Array => canonicalBytes(decisiveNetwork(network));

/** The network's identity: SHA-256 of its canonical JSON, 64 hex digits. */
export const networkHash = (network: Network): string => hashJson(decisiveNetwork(network));
