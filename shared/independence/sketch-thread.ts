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
  switch (step.kind) {
    case "begin":
      growing = sketchBeginner(step.seed)();
      return null;
    case "add":
      growing?.add(step.elements);
      return step.elements;
    case "end":
      return growing?.finish() ?? null;
  }
};

/** The thread of `sketching.ts`. Answers each step: with the sketch at the end, and with the elements themselves, whose memory goes back. */
parentPort?.on("message", (step: SketchStep) => {
  const answer = take(step);
  parentPort?.postMessage(answer, answer ? [answer.buffer as ArrayBuffer] : []);
});
