import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readBytesIfAny, writeFileAtomic } from "#shared/files/atomic-file.js";
import { isHash } from "#shared/protocol/hash.js";
import { createSketcher, decodeSketch, encodeSketch, type Sketch } from "#shared/scoring/sketch.js";

/** Sketches of the updates that this validator has seen, kept across restarts. */
export interface SketchBook {
  /** @param tensors in the order of their names */
  make(tensors: readonly Float32Array[]): Sketch;
  keep(artifact: string, sketch: Sketch): void;
  /** Null for one that we never saw: we joined later, or could not fetch it. */
  of(artifact: string): Sketch | null;
  /** Forgets all others. */
  retain(artifacts: ReadonlySet<string>): void;
}

const SEED = "seed";

/**
 * @param folder of its own. Its seed is drawn once and told to nobody: a miner that knew it could make a copy whose sketch differs. What
 *   validators call a duplicate can be checked all the same, on the two artifacts themselves.
 */
export const openSketchBook = (folder: string): SketchBook => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let seed = readBytesIfAny(join(folder, SEED));
  if (seed?.length !== 4) {
    // Sketches of another seed are noise beside ours.
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { force: true });
    seed = randomBytes(4);
    writeFileAtomic(join(folder, SEED), seed);
  }
  return {
    make: createSketcher(seed.readUInt32LE(0)),
    keep: (artifact, sketch) => writeFileAtomic(join(folder, artifact), encodeSketch(sketch)),
    of(artifact) {
      const bytes = readBytesIfAny(join(folder, artifact));
      return bytes && decodeSketch(bytes);
    },
    retain(artifacts) {
      for (const name of readdirSync(folder))
        if (isHash(name) && !artifacts.has(name)) rmSync(join(folder, name), { force: true });
    },
  };
};
