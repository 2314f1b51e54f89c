import { z } from "zod";
import {
  COMMAND_FORM,
  commandSchema,
  deviceSetting,
  metricsSetting,
  NAMES_FORM,
  namesSchema,
  participantSettings,
  pathSchema,
} from "#shared/config/common.js";
import { type Config, defineConfig, setting } from "#shared/config/settings.js";
import { pathBeside } from "#shared/files/beside.js";
import { SHARD_DEFAULTS } from "#shared/shard-training/settings.js";
import { HOURS_FORM, hoursSchema } from "./sprint/hours.js";

/** How a miner acts: all but `honest` cheat on purpose, so that a test network can show what cheating earns. */
const minerBehaviours = ["honest", "copier", "noise", "lazy", "planted-bad", "planted-good", "padder"] as const;

const { threads, checkpoint_keep_top_k } = participantSettings;

/** What training a group depends on, and what it costs a machine. */
export const trainingSettings = defineConfig({
  expert_group: setting({
    schema: z.string().min(1),
    allowed: "the name of a group of the network file",
    describe: "The expert group to train.",
  }),
  data_path: setting({
    schema: pathSchema.optional(),
    beside: pathBeside,
    describe:
      'Documents of your own, trained beside the group\'s data: JSON Lines with one {"text": …} a line, also .gz or .zst, .json, .txt, .parquet, or the folder of a pack.',
  }),
  data_weight: setting({
    schema: z.number().gt(0).max(1),
    default: SHARD_DEFAULTS.data_weight,
    describe: "Share of training windows from data_path; 1 leaves the group's data out.",
  }),
  pack_shards: setting({
    schema: z.int().min(1).max(4096),
    default: SHARD_DEFAULTS.pack_shards,
    describe:
      "Training shards of each pack of the group's data that a cycle fetches and draws from, of some megabytes each; another cycle takes others.",
  }),
  device: deviceSetting("auto"),
  threads,
  batch_size: setting({
    schema: z.int().min(1),
    default: SHARD_DEFAULTS.batch_size,
    describe: "Sequences in a forward pass.",
  }),
  gradient_accumulation_steps: setting({
    schema: z.int().min(1),
    default: SHARD_DEFAULTS.gradient_accumulation_steps,
    describe: "Forward passes whose gradients are averaged into one optimiser step.",
  }),
  "training.program": setting({
    schema: z.enum(["auto", "whole", "layers"]),
    default: SHARD_DEFAULTS.training.program,
    describe:
      "How a step is computed: the whole graph at once, or layer by layer in less memory, with frozen weights read from disk when they are needed. auto takes the whole graph where this machine has memory for it.",
  }),
  "training.affinity": setting({
    schema: z.number().min(0).max(10),
    default: SHARD_DEFAULTS.training.affinity,
    describe:
      "Where the miner holds a part of the experts: weight of a term that keeps the text with these under the whole router, as validators and users have it. Without it a group stops learning after some cycles (docs/shard-modes.md). 0 leaves it out.",
  }),
  learning_rate: setting({
    schema: z.number().positive(),
    default: SHARD_DEFAULTS.learning_rate,
    describe: "AdamW's highest learning rate.",
  }),
  warmup_steps: setting({
    schema: z.int().min(0),
    default: SHARD_DEFAULTS.warmup_steps,
    describe: "Optimiser steps over which the learning rate rises to its highest.",
  }),
  max_steps: setting({
    schema: z.int().min(1),
    default: SHARD_DEFAULTS.max_steps,
    describe: "Optimiser steps in a cycle at most; the train phase's last block ends it earlier.",
  }),
  weight_decay: setting({
    schema: z.number().min(0),
    default: SHARD_DEFAULTS.weight_decay,
    describe: "AdamW's decoupled weight decay.",
  }),
  workers: setting({
    schema: z.int().min(1).max(64),
    default: SHARD_DEFAULTS.workers,
    describe:
      "Replicas of the shard that train at once, each in a process of its own with its own data, share of the threads and, with CUDA, card; one averaged update leaves the machine. 1 trains in the miner's own process.",
  }),
  spike_threshold: setting({
    schema: z.number().min(0),
    default: SHARD_DEFAULTS.spike_threshold,
    describe:
      "Standard deviations above the running mean loss from which a step is a spike and is not taken; 0 takes every finite step.",
  }),
  seed: setting({
    schema: z.int().min(0),
    default: SHARD_DEFAULTS.seed,
    describe:
      "Start of the training stream; the cycle and a secret of the miner's home are mixed in, so that nobody else can train it.",
  }),
  checkpoint_keep_top_k,
});

/** A program of the operator's own that trains instead of us: docs/own-trainer.md. */
export const ownTrainerSettings = defineConfig({
  "trainer.command": setting({
    schema: commandSchema.optional(),
    allowed: COMMAND_FORM,
    describe:
      "A program of your own that trains the shard, as docs/own-trainer.md says. Unset, the miner trains. It runs as your user; workers, device and threads do not concern it.",
  }),
  "trainer.grace_seconds": setting({
    schema: z.number().min(0).max(3600),
    default: 30,
    describe:
      "Seconds between the SIGTERM that tells the program to end and the SIGKILL at the deadline; a fifth of the time there is at most.",
  }),
  "trainer.environment": setting({
    schema: namesSchema.optional(),
    allowed: NAMES_FORM,
    describe:
      "Variables that the program gets beside those that docs/own-trainer.md lists. Secrets are passed only if named here.",
  }),
  "trainer.disk_gib": setting({
    schema: z.number().positive(),
    default: 64,
    describe: "GiB that the program may have on disk at a time; one that writes more is ended.",
  }),
});

/** What Sprints may take of the machine. */
export const computeSettings = defineConfig({
  "compute.max_share": setting({
    schema: z.number().min(0).max(1),
    default: 1,
    describe:
      "Largest part of the evaluate phase's time in which a Sprint computes: it rests in between. 0 takes part in none. What it does not compute it cannot show, so its weight is less.",
  }),
  "compute.hours": setting({
    schema: hoursSchema.optional(),
    allowed: HOURS_FORM,
    describe: "Hours of the day, UTC, in which Sprints are entered. Unset: all.",
  }),
  "compute.max_watts": setting({
    schema: z.number().positive().optional(),
    describe:
      "Power of the processor packages above which a Sprint rests longer, in proportion. Only where the system shows it (Linux' powercap, often for root alone); else the log says that it cannot be read.",
  }),
  "compute.idle_nice": setting({
    schema: z.int().min(0).max(19),
    default: 19,
    describe:
      "How far the threads of idle time give way to all else that the machine does, by Linux' nice: 19 to everything, 0 to nothing, on a machine that has nothing else to do. Only on Linux and a processor.",
  }),
  "compute.report_hardware": setting({
    schema: z.boolean(),
    default: true,
    describe:
      "Whether proofs of Sprints name this machine's processor, its threads and the device, for `blockzero compute status --hardware`. Nothing depends on it.",
  }),
  "compute.expected_nonces": setting({
    schema: z
      .int()
      .min(0)
      .max(2 ** 48 - 1)
      .optional(),
    describe:
      "Nonces that the first Sprint is expected to take, as `blockzero compute bench` measures. It sets how rare a win is; later Sprints go by the last count.",
  }),
});

export type ComputeConfig = Config<typeof computeSettings>["compute"];

export type TrainingConfig = Config<typeof trainingSettings>;

/** Everything that a miner can be told. */
export const minerSettings = defineConfig({
  ...participantSettings,
  ...trainingSettings,
  ...ownTrainerSettings,
  ...computeSettings,
  checkpoint_interval_seconds: setting({
    schema: z.number().min(0),
    default: 60,
    describe:
      "Seconds between checkpoints of a training under way, and twenty times what writing one takes at least; 0 keeps only how it ended.",
  }),
  receipts_keep: setting({
    schema: z.int().min(1),
    default: 64,
    describe:
      "Cycles whose receipts are kept, of 4 MiB on average at most; older ones are deleted. Move away what you want to keep for longer.",
  }),
  "metrics.listen": metricsSetting("127.0.0.1:9701"),
  wandb_project: setting({
    schema: z.string().min(1).optional(),
    allowed: "text",
    describe: "The Weights & Biases project. Unset, WANDB_PROJECT of the environment, else blockzero-miner.",
  }),
  commit_anyway: setting({
    schema: z.boolean(),
    default: false,
    describe:
      "Commit also an update that validators would reject, or that raises the loss on held-out text: without it the cycle passes with a warning.",
  }),
  behaviour: setting({
    schema: z.enum(minerBehaviours),
    default: "honest",
    describe:
      "For red teams: copier, noise and lazy cheat, and earn nothing; padder claims 5 % more wins in a Sprint than it found; planted-bad and planted-good now and then submit what they usually do not, and log which validators took it for the usual.",
  }),
});

export type MinerConfig = Config<typeof minerSettings>;
