import type { ErrorEntries } from "./entry.js";

export const engineErrors = {
  DEVICE_DISAGREES: {
    meaning: "The device computes other values than the CPU.",
    remedy: "Update its driver, or set `device: cpu`.",
  },
  DEVICE_UNAVAILABLE: {
    meaning: "The device does not work on this machine.",
    remedy: "Set `device: cpu`; see [engine.md](engine.md).",
  },
  GRAPH_COMPILE: { meaning: "The runtime refuses a graph.", remedy: "Report it as a bug, or use another device." },
  GRAPH_FEED: { meaning: "A graph is fed other inputs than it has.", remedy: "Feed each once, in its shape." },
  GRAPH_GRADIENT: { meaning: "A gradient cannot be formed.", remedy: "Take it of a scalar, by inputs of that graph." },
  GRAPH_NAME: { meaning: "A graph's input has an empty or taken name.", remedy: "Name every input once." },
  GRAPH_OUTPUT: { meaning: "An output belongs to another graph.", remedy: "Compile the graph that it belongs to." },
  GRAPH_RUN: {
    meaning: "The runtime failed in a step.",
    remedy: "Where it speaks of memory, free some of the device's or lower `batch_size`; else report it as a bug.",
  },
  GRAPH_SHAPE: {
    meaning: "An operator's inputs have shapes or types that do not fit.",
    remedy: "Correct them where the graph is built.",
  },
  KERNEL_MEMORY: {
    meaning: "There is no memory for the optimiser's vectors.",
    remedy: "Free some memory, or train a smaller group.",
  },
  OPTIM_SHAPE: {
    meaning: "Parameters, gradients and state of an optimiser differ in length.",
    remedy: "Give one element of each per parameter.",
  },
  TENSOR_SHAPE: {
    meaning: "The values do not fill the shape.",
    remedy: "Give as many as the product of the dimensions.",
  },
  TRAIN_BATCH: { meaning: "A step has no micro-batch, or too many.", remedy: "Give 1 to the compiled number." },
  TRAIN_BUSY: { meaning: "A step was begun while another one runs.", remedy: "Await it first." },
  TRAIN_METRIC: { meaning: "A metric is not a float32 scalar.", remedy: "Reduce it to one." },
  TRAIN_OPTIONS: {
    meaning: "A training step is given options that it cannot take.",
    remedy: "Correct what the line names.",
  },
  TRAIN_RATE: { meaning: "A learning rate is negative or not finite.", remedy: "Use a finite rate of at least 0." },
  TRAIN_SCHEDULE: {
    meaning: "No learning-rate schedule has these figures.",
    remedy: "Use 0 ≤ warm-up ≤ total steps, and 0 ≤ floor ≤ peak.",
  },
  TRAIN_STATE: {
    meaning: "A saved training state is of another model.",
    remedy: "Restore one of the same trained parameters.",
  },
} as const satisfies ErrorEntries;
