import type { ErrorEntries } from "./entry.js";

export const modelErrors = {
  CHECKPOINT_EXISTS: { meaning: "The folder holds another checkpoint.", remedy: "Write into a new folder." },
  CHECKPOINT_MALFORMED: {
    meaning: "A checkpoint cannot be read as a model of one of the families, in Hugging Face's layout.",
    remedy: "Fetch or write it again.",
  },
  CHECKPOINT_MISMATCH: {
    meaning: "A checkpoint has other tensors or shapes than the network file's model.",
    remedy: "Use a checkpoint and a network file that were made for each other.",
  },
  CHECKPOINT_NOT_FINITE: {
    meaning: "A checkpoint, or what it computes, holds a NaN or an infinity.",
    remedy: "Take another: it cannot be trained.",
  },
  CHECKPOINT_NOT_FOUND: {
    meaning: "A folder holds no checkpoint.",
    remedy: "Name a folder with `config.json` and its weights.",
  },
  CHECKPOINT_RANGE: { meaning: "A weight does not fit into the chosen dtype.", remedy: "Choose a wider dtype." },
  CHECKPOINT_SHARDS: { meaning: "The checkpoint would have too many files.", remedy: "Allow larger ones." },
  CHECKPOINT_TOO_LARGE: { meaning: "A tensor does not fit into memory.", remedy: "Use a machine with more memory." },
  MODEL_AMBIGUOUS: { meaning: "Several models answer to the name.", remedy: "Name one by its whole hash." },
  MODEL_DENSE: {
    meaning: "A dense model has no experts that could be looked at.",
    remedy: "Name a model with experts, such as `blockzero genesis --experts` makes of a dense one.",
  },
  MODEL_MANIFEST_MALFORMED: {
    meaning: "A model's manifest cannot be read.",
    remedy: "Update BlockZero, or ask the validators what they committed.",
  },
  MODEL_MISMATCH: {
    meaning: "A model lacks a group of the network file.",
    remedy: "Update BlockZero, or ask the owner.",
  },
  MODEL_PART_DAMAGED: {
    meaning: "The only copy of a part of the model is damaged.",
    remedy: "Export from another participant's home.",
  },
  MODEL_PART_MALFORMED: { meaning: "A part of the model cannot be read.", remedy: "Export another model." },
  MODEL_PART_MISSING: {
    meaning: "The home lacks a part of the model.",
    remedy: "Export from a validator's or the owner's home.",
  },
  MODEL_MEMORY: {
    meaning: "A command that holds the whole model is asked about one that this machine has no memory for.",
    remedy: "Use a machine with more memory.",
  },
  MODEL_TOO_LARGE: {
    meaning: "The sizes in a model's `config.json` make more weights than can be counted.",
    remedy: "One of them is wrong: look at the widths and the number of layers.",
  },
  MODEL_UNKNOWN: { meaning: "No such model is at hand.", remedy: "Name another." },
  OUT_NOT_EMPTY: { meaning: "The output folder is not empty.", remedy: "Name a new folder with `--out`." },
  ROUTED_ELSEWHERE: {
    meaning:
      "The routers send a group's text to the group's experts less often than by chance, so the whole model hardly uses what miners of restricted shards train.",
    remedy:
      "Set `model.shard` to `full`, choose other experts (`blockzero groups suggest`), train the model for longer, or add `--force`.",
  },
  SAFETENSORS_INVALID: {
    meaning: "A file is no safetensors file, or one that is not accepted.",
    remedy: "Write or fetch it again.",
  },
  SHARD_ANCHORS_INVALID: {
    meaning: "The anchors of `model.shard` do not fit the model or its groups.",
    remedy: "List, for every layer with experts, ids of experts that no group lists.",
  },
  SHARD_DIFFERS: {
    meaning: "A group's shard has another loss than the whole model on the group's text.",
    remedy: "Take the mode of `model.shard` that the message names, or add `--force`.",
  },
  UPCYCLE_UNSUPPORTED: {
    meaning: "The checkpoint cannot be made a model with experts.",
    remedy: "Take a dense Llama or Qwen3 model, and numbers of experts that fit.",
  },
  UPDATE_MALFORMED: { meaning: "A tensor of an update cannot be decoded.", remedy: "Put it through the gates first." },
  UPDATE_MISMATCH: {
    meaning: "An update has other tensors than the base model's shard.",
    remedy: "Train the same tensors.",
  },
  UPDATE_NOT_FINITE: {
    meaning: "The training gained a NaN or an infinity, which no codec can write.",
    remedy: "Lower the learning rate.",
  },
} as const satisfies ErrorEntries;
