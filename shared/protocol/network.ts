import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { z } from "zod";
import { about } from "./about.js";
import { curveSchema } from "./curve.js";
import { DEFAULT_CONFIDENCE } from "./default-confidence.js";
import { DEFAULT_CURVE } from "./default-curve.js";
import { outerSchema } from "./outer.js";

/** A name that fits a record: lower case, at most 12 characters. */
export const groupName = z.string().regex(/^[a-z][a-z0-9-]{0,11}$/, "a group's name is 1–12 of a–z, 0–9, -");

const hash64 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "a hash is 64 lower-case hex digits")
  .meta({ takes: "64 hex digits" });

/** Most expert groups of a network: a ballot record has room for the votes on so many. */
export const MAX_GROUPS = 48;

/** Blocks per phase; their sum is the cycle. */
export const phaseLengthsSchema = z.strictObject({
  distribute: z
    .int()
    .min(1)
    .meta(about("Miners and validators fetch the model that the validators agreed on.", "blocks")),
  train: z.int().min(1).meta(about("Miners train their experts.", "blocks")),
  commit: z
    .int()
    .min(1)
    .meta(about("Miners commit to the hash of their update, which nobody can fetch yet.", "blocks")),
  reveal: z.int().min(1).meta(about("Miners say where their update is.", "blocks")),
  evaluate: z.int().min(1).meta(about("Validators score the updates and commit their reports.", "blocks")),
  exchange: z
    .int()
    .min(1)
    .meta(about("Validators fetch each other's reports and say on chain which they hold.", "blocks")),
  choose: z.int().min(1).meta(about("Validators measure candidate steps along the merged updates and vote.", "blocks")),
  merge: z.int().min(1).meta(about("Validators merge, commit the model and set weights.", "blocks")),
});

/**
 * A weighted source of documents; `kind` names a module of `datasets/`. The network file pins its content; `path` tells one machine where it has
 * the file, and decides nothing.
 */
export const dataSourceSchema = z.strictObject({
  kind: z.string().min(1).meta(about("The kind of source: see below.")),
  weight: z.number().positive().default(1).meta(about("Share of windows from this source, relative to the others.")),
  path: z
    .string()
    .optional()
    .meta(
      about(
        "Where this machine has a file of documents, relative to the file that names it. A published file has none.",
      ),
    ),
  sha256: hash64
    .optional()
    .meta(
      about("SHA-256 of a file of documents, or of a built-in source's documents. `blockzero genesis` fills it in."),
    ),
  bytes: z
    .int()
    .positive()
    .optional()
    .meta(about("Length of a file of documents. `blockzero genesis` fills it in.", "bytes")),
});

/** A drand beacon of the scheme `bls-unchained-g1-rfc9380`. */
export const drandBeaconSchema = z.strictObject({
  public_key: z
    .string()
    .regex(/^[0-9a-f]{192}$/, "a beacon's public key is 192 hex digits")
    .meta({ ...about("The beacon's key, a compressed point of G2."), takes: "192 hex digits" }),
  genesis_time: z.number().min(0).meta(about("When round 1 is published.", "seconds since 1970")),
  period: z.number().min(0.01).meta(about("Time between two rounds.", "seconds")),
});

/** The beacon that the chain follows, whose pulses make evaluation seeds: see `seed.ts`. */
export const seedBeaconSchema = drandBeaconSchema.extend({
  delay: z
    .int()
    .min(1)
    .max(1000)
    .default(5)
    .meta(
      about(
        "Rounds from the newest one at the last block before a seed to the round that makes it. It must be more than a block takes, so that the block's producer cannot know it.",
        "rounds",
      ),
    ),
});

/** Evaluation text that nobody can read before its time: see `sealed-text.ts`. */
export const sealedTextSchema = z.strictObject({
  beacon: drandBeaconSchema.meta(about("The drand beacon that opens the envelopes.")),
  first_round: z.int().min(1).meta(about("The round that opens the first envelope.")),
  spacing: z.int().min(1).meta(about("From one envelope to the next.", "rounds")),
  envelopes: z.int().min(1).max(1_000_000).meta(about("How many there are.")),
  index: hash64.meta(about("SHA-256 of the index: the hashes of all envelopes, 32 bytes each, one after the other.")),
});

/** Which experts of which layer a group owns, as in the file group → layer → expert ids. */
export const expertGroupSchema = z.strictObject({
  experts: z
    .record(z.string().regex(/^\d+$/), z.array(z.int().min(0)).min(1))
    .meta(
      about("For every layer of the model, the ids of the experts that the group owns. No two groups own the same."),
    ),
  data: z.array(dataSourceSchema).min(1).meta(about("The documents that the group learns from.")),
  sealed: sealedTextSchema
    .optional()
    .meta(
      about("Text that its updates are judged on in place of the held-out part of `data`. `blockzero seal` writes it."),
    ),
});

/** The subset of a Hugging Face `Qwen3MoeConfig` that decides shapes and arithmetic; same names, same meaning. */
export const modelConfigSchema = z
  .strictObject({
    vocab_size: z.int().min(2).meta(about("Rows of the embedding. The byte tokenizer uses 257.", "tokens")),
    hidden_size: z.int().min(1).meta(about("Width of the residual stream.")),
    num_hidden_layers: z.int().min(1).meta(about("Layers.")),
    num_attention_heads: z.int().min(1).meta(about("Query heads.")),
    num_key_value_heads: z.int().min(1).meta(about("Key and value heads; they divide the query heads.")),
    head_dim: z.int().min(2).meta(about("Width of a head; even.")),
    num_experts: z.int().min(1).meta(about("Experts of a layer.")),
    num_experts_per_tok: z.int().min(1).meta(about("Experts that a token is sent to.")),
    moe_intermediate_size: z.int().min(1).meta(about("An expert's inner width.")),
    norm_topk_prob: z.boolean().meta(about("Whether the chosen probabilities are made to sum to 1.")),
    rms_norm_eps: z.number().positive().meta(about("Added to the mean square in RMSNorm.")),
    rope_theta: z.number().positive().meta(about("Base of the rotary embedding.")),
    max_position_embeddings: z.int().min(1).meta(about("Longest sequence.", "tokens")),
    tie_word_embeddings: z.boolean().meta(about("Whether the output uses the embedding's weights.")),
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

/** How the selected updates of a group become one; the rules are in `shared/merge/robust/`. */
export const mergeRuleSchema = z.discriminatedUnion("rule", [
  z.strictObject({
    rule: z.literal("weighted-mean"),
    clip: z
      .enum(["median-norm", "none"])
      .default("median-norm")
      .meta(about("Whether updates longer than the median one are brought down to its L2 norm.")),
  }),
  z.strictObject({
    rule: z.literal("trimmed-mean"),
    trim: z
      .number()
      .gt(0)
      .max(0.49)
      .default(0.2)
      .meta(about("Part of the shares that is cut off at each end, element by element.", "share")),
  }),
  z.strictObject({
    rule: z.literal("geometric-median"),
    iterations: z.int().min(1).max(100).default(16).meta(about("Steps of Weiszfeld's algorithm.")),
  }),
  z.strictObject({
    rule: z.literal("centred-clipping"),
    iterations: z.int().min(1).max(100).default(4).meta(about("Times that updates are clipped about their centre.")),
  }),
]);

/** A network file is a few kilobytes; a large model's expert groups may take some hundred. */
export const MAX_NETWORK_BYTES = 4 << 20;

/** Everything participants must agree on. Its hash stands on chain and in every record. */
export const networkSchema = z.strictObject({
  version: z.literal(1).meta(about("The version of this format.")),
  name: z.string().min(1).meta(about("What people call the network.")),
  netuid: z.int().min(0).meta(about("The subnet's number.")),
  first_cycle: z
    .int()
    .min(0)
    .default(0)
    .meta(
      about("The first cycle in which this file is in force. `blockzero genesis` and `publish` fill it in.", "cycle"),
    ),
  succeeds: z
    .strictObject({
      network: hash64.meta(about("Hash of the file before.")),
      origin: hash64.meta(about("Hash of the first file of that line.")),
    })
    .optional()
    .meta(
      about(
        "The file that this one takes over from. Without it a network begins anew. `blockzero publish` fills it in.",
      ),
    ),
  phases: phaseLengthsSchema.meta(about("Length of each phase; their sum is the cycle.")),
  beacon: seedBeaconSchema
    .optional()
    .meta(
      about(
        "The drand beacon that the chain follows, whose pulses make evaluation seeds. Without it block hashes do, among which a block's producer can choose.",
      ),
    ),
  model: modelConfigSchema.meta(about("The model's shape, in Hugging Face's names for Qwen3-MoE.")),
  groups: z
    .record(groupName, expertGroupSchema)
    .refine((groups) => Object.keys(groups).length <= MAX_GROUPS, `a ballot has room for ${MAX_GROUPS} groups`)
    .meta(about(`The expert groups by name (1–12 of a–z, 0–9, -), at most ${MAX_GROUPS}. Each miner trains one.`)),
  data: z
    .strictObject({
      tokenizer: z.literal("byte").meta(about("The rule that makes tokens of text.")),
      split: z.literal("sha256").default("sha256").meta(about("The rule by which documents are held out.")),
      sequence_length: z.int().min(1).meta(about("Length of a window of text.", "tokens")),
      held_out: z
        .number()
        .gt(0)
        .lt(1)
        .meta(about("Part of the documents, chosen by their content's hash, that nobody is to train on.", "share")),
    })
    .meta(about("How text becomes windows of tokens.")),
  training: z
    .strictObject({
      outer: outerSchema.prefault({}).meta(about("The steps that validators choose among.")),
      merge: mergeRuleSchema
        .prefault({ rule: "weighted-mean" })
        .meta(about("How the selected updates of a group become one; [protocol.md](protocol.md#merge) has each rule.")),
    })
    .meta(about("How updates become a model.")),
  scoring: z
    .strictObject({
      eval_batches: z.int().min(2).meta(about("Paired batches for each update at most.", "batches")),
      eval_batch_size: z.int().min(1).meta(about("Windows in a batch.", "windows")),
      confidence: z
        .number()
        .gt(0.5)
        .lt(1)
        .default(DEFAULT_CONFIDENCE)
        .meta(
          about("One-sided confidence that the mean improvement is above its lower bound: how rarely noise earns."),
        ),
      exponent: z.number().positive().max(16).default(1).meta(about("Power of that bound which is the score.")),
      racing: z
        .strictObject({
          rounds: z
            .int()
            .min(1)
            .max(10)
            .default(4)
            .meta(
              about(
                "Times at most that an update is looked at, at doubling numbers of batches; 1 evaluates everything.",
              ),
            ),
          tolerance: z
            .number()
            .min(0)
            .lt(1)
            .default(0.1)
            .meta(about("Part of a bound by which two updates must differ for their order to matter.", "share")),
        })
        .prefault({})
        .meta(about("How evaluation stops early.")),
      top_n: z.int().min(1).meta(about("Updates merged for each group at most.")),
      rewards: curveSchema
        .prefault(DEFAULT_CURVE)
        .meta(about("The curve by which a group's pool is shared out among its miners: [rewards.md](rewards.md).")),
      burn: z
        .number()
        .min(0)
        .lt(1)
        .default(0)
        .meta(about("Part of all pay that goes to the subnet owner's uid, where the chain burns it.", "share")),
      window: z.int().min(1).meta(about("In the mean that decides pay.", "cycles")),
      max_update_norm: z
        .number()
        .positive()
        .meta(about("Largest L2 norm of an update, relative to the norm of the weights that it changes.")),
    })
    .meta(about("How updates are measured, merged and paid: [scoring.md](scoring.md).")),
  voting: z
    .strictObject({
      silent_after: z
        .int()
        .min(1)
        .max(100_000)
        .default(8)
        .meta(about("After so long without a record on chain, a validator's stake does not count.", "cycles")),
      // Those who come back first after all were silent decide with half of it, and validators that hold more than the rest of 1 stop the
      // network when they are gone: a quarter asks an eighth of the known stake for the one, and bears the loss of three quarters.
      quorum: z
        .number()
        .min(0)
        .max(1)
        .default(0.25)
        .meta(
          about(
            "Part of the known stake that validators who are not silent must hold to vote without the others.",
            "share",
          ),
        ),
    })
    .prefault({})
    .meta(about("Whose stake votes.")),
  artifact: z
    .strictObject({
      codec: codecName
        .default("float32")
        .meta(about("How every update is written: see below. One in another is rejected.")),
    })
    .prefault({})
    .meta(about("The files of updates.")),
  limits: z
    .strictObject({
      artifact_bytes: z.int().positive().meta(about("Largest file of an update; a larger one is rejected.", "bytes")),
    })
    .meta(about("What is refused for its size.")),
  genesis: hash64.meta(
    about("Hash of the first model's manifest. `blockzero genesis` fills it in; a template has none."),
  ),
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
