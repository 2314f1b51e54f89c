// Keeps a MiB with every step, or lets it go with the next, and prints how its memory grows: `node growth-process.js keep|release`.
import { growthOf } from "#bench/memory/growth.js";
import { watchMemory } from "#bench/memory/sample.js";

const isKept = process.argv[2] === "keep";
const pieces: Buffer[] = [];
const step = async () => {
  const piece = Buffer.alloc(1 << 20, 1);
  pieces[isKept ? pieces.length : 0] = piece;
};
const samples = await watchMemory(step, { warmUp: 20, steps: 120, every: 5 });
process.stdout.write(
  JSON.stringify({ samples: samples.length, pieces: pieces.length, slope: growthOf(samples).slope }),
);
