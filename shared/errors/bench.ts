import type { ErrorEntries } from "./entry.js";

/** Of `npm run bench` and `npm run attacks`. */
export const benchErrors = {
  ATTACK_FAILED: { meaning: "A run of an attack ended early.", remedy: "See the line; run its seed alone." },
  ATTACK_RUN_OTHER: {
    meaning:
      "A file of kept observations is damaged, or of another run: another model, number of cycles, processor or code.",
    remedy: "Name another file, or remove that one.",
  },
  ATTACK_UNKNOWN: { meaning: "No attack has this name.", remedy: "Name one that the line lists." },
  BENCH_HASH: { meaning: "Two ways to hash a file differ.", remedy: "See whether the file changed meanwhile." },
  BENCH_NODE: { meaning: "A node of the bench ended.", remedy: "Put right what the line says." },
  BENCH_PEER: { meaning: "Software that is measured beside ours failed.", remedy: "Try another version of it." },
  BENCH_SHARD: { meaning: "A training of the bench failed.", remedy: "See whether there is enough memory." },
  FUZZ_DEFECT: { meaning: "A fuzzed input broke a parser's promise.", remedy: "Report it with the input shown." },
} as const satisfies ErrorEntries;
