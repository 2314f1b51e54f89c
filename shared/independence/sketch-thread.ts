import { parentPort } from "node:worker_threads";
import { type GrowingSketch, sketchBeginner } from "./count-sketch.js";

/** What the thread takes, one after another: a sketch begins with its seed, then come its elements, in pieces, then it ends. */
export type SketchStep =
  | { readonly kind: "begin"; readonly seed: string }
  | { readonly kind: "add"; readonly elements: Float32Array }
  | { readonly kind: "end" };

/** Whoever left a sketch in the middle began another. */
let growing: GrowingSketch | null = null;

const take = (step: SketchStep): Float32Array | null => {
  if (step.kind === "begin") growing = sketchBeginner(step.seed)();
  if (step.kind === "add") growing?.add(step.elements);
  return step.kind === "end" ? (growing?.finish() ?? null) : null;
};

/** The thread of `sketching.ts`. Answers each step: the last one with the sketch, others with null. */
parentPort?.on("message", (step: SketchStep) => {
  parentPort?.postMessage(take(step));
});
