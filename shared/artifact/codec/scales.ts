import { type CodecFault, malformed } from "./codec.js";

/** What is wrong with scales: each must be finite and not negative, and minus zero is not allowed. */
export const scaleFault = (scales: Float32Array): CodecFault | null => {
  for (let i = 0; i < scales.length; i++) {
    const scale = scales[i]!;
    if (!Number.isFinite(scale)) return { reason: "not_finite", problem: `scale ${i} is ${scale}` };
    if (scale < 0 || Object.is(scale, -0)) return malformed(`scale ${i} is negative`);
  }
  return null;
};
