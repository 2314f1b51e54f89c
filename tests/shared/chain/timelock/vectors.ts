import { readFileSync } from "node:fs";
import { z } from "zod";

const text = z.object({ plaintext: z.string(), ciphertext: z.string() });

/** What tests/interop/timelock.py recorded; byte strings are hex, times seconds. */
export const drandVectors = z
  .object({
    round: z.int(),
    signature: z.string(),
    ours: z.array(text),
    theirs: z.array(text),
    weights: z.array(
      z.object({
        hotkey: z.string(),
        uids: z.array(z.int()),
        values: z.array(z.int()),
        versionKey: z.int(),
        ciphertext: z.string(),
      }),
    ),
    rounds: z.array(
      z.object({
        now: z.int(),
        tempo: z.int(),
        nextEpoch: z.int(),
        block: z.int(),
        revealPeriod: z.int(),
        blockTime: z.number(),
        round: z.int(),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync("tests/vectors/timelock/bittensor-drand.json", "utf8")));
