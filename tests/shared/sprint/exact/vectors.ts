import { createHash } from "node:crypto";
import { z } from "zod";
import { loadVectors } from "../../protocol/vectors.js";

const numbers = z.array(z.number());
const hash = z.string();
const named = z.array(z.object({ nonce: z.number(), first: numbers }));

/** What `tests/interop/sprint_exact.py` has written. */
export const vectors = loadVectors(
  "sprint-exact",
  z.object({
    seed1: hash,
    seed2: hash,
    hotkey: hash,
    network: hash,
    node: hash,
    cases: z.array(
      z.object({
        dials: z.enum(["tiny", "test", "real"]),
        weights: z.array(z.object({ tensor: z.number(), first: numbers, sha256: hash })),
        nonces: numbers,
        inputs: named,
        outputs: named,
        outputs_sha256: hash,
        difficulty: z.number(),
        wins: numbers,
      }),
    ),
    real: z.array(z.object({ tensor: z.number(), block: z.number(), sha256: hash })),
  }),
);

/** SHA-256 of outputs as i32le, one after the other. */
export const hashOf = (outputs: readonly (Int32Array | Int8Array)[]): string => {
  const made = createHash("sha256");
  for (const output of outputs) made.update(output);
  return made.digest("hex");
};
