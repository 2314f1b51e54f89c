import { z } from "zod";
import { codecName } from "./codec-name.js";
import { dataSchema } from "./data-source.js";
import { expertGroupSchema, groupName, MAX_GROUPS } from "./expert-group.js";
import { hashSchema } from "./hash.js";
import { canonicalBytes, hashJson } from "./hash-json.js";
import { type ModelConfig, modelConfigSchema } from "./model-config.js";
import { about } from "./network-file/about.js";
import { seedBeaconSchema } from "./network-file/drand-beacon.js";
import { phaseLengthsSchema } from "./network-file/phase-lengths.js";
import { scoringSchema, votingSchema } from "./network-file/scoring.js";
import { shardSchema } from "./network-file/shard.js";
import { trainingSchema } from "./network-file/training.js";
import { sprintSchema } from "./sprint.js";
import { mapTokenizerFiles } from "./tokenizer-files.js";

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
      network: hashSchema.meta(about("Hash of the file before.")),
      origin: hashSchema.meta(about("Hash of the first file of that line.")),
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
  model: modelConfigSchema
    .safeExtend({ shard: shardSchema.optional() })
    .meta(
      about("The model's shape, in Hugging Face's names for Qwen3-MoE in every family, and what a miner holds of it."),
    ),
  groups: z
    .record(groupName, expertGroupSchema)
    .refine((groups) => Object.keys(groups).length <= MAX_GROUPS, `a ballot has room for ${MAX_GROUPS} groups`)
    .meta(about(`The expert groups by name (1–12 of a–z, 0–9, -), at most ${MAX_GROUPS}. Each miner trains one.`)),
  data: dataSchema,
  training: trainingSchema,
  scoring: scoringSchema,
  voting: votingSchema,
  sprint: sprintSchema.optional(),
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
      part_bytes: z
        .int()
        .positive()
        .optional()
        .meta(
          about(
            "Tensors in one file of the model; a hub or group that is larger is several files. Unset: 1 GiB.",
            "bytes",
          ),
        ),
    })
    .meta(about("What is refused for its size.")),
  genesis: hashSchema.meta(
    about("Hash of the first model's manifest. `blockzero genesis` fills it in; a template has none."),
  ),
});

export type Network = z.infer<typeof networkSchema>;

/** The model alone, as manifests and checkpoints have it: without what a miner holds of it. */
export const modelConfigOf = ({ model: { shard: _, ...config } }: Pick<Network, "model">): ModelConfig => config;

/** What of a network decides: all but where one machine has its files. */
export const decisiveNetwork = (network: Network): Network => ({
  ...network,
  data: {
    ...network.data,
    tokenizer: mapTokenizerFiles(network.data.tokenizer, ({ path: _, ...file }) => file),
  },
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
