import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createDecoder, type Decoder } from "#shared/generation/decoder.js";
import { generate } from "#shared/generation/generate.js";
import { GREEDY } from "#shared/generation/sampling.js";
import { readCheckpoint } from "#shared/model/checkpoint.js";
import { device, relativeError } from "#tests/shared/model/micro.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";

const VECTORS = fileURLToPath(new URL("../../../../tests/vectors", import.meta.url));

/** What transformers' `generate` added to a prompt: `tests/interop/greedy.py`. */
interface Greedy {
  readonly prompt: readonly number[];
  readonly continuation: readonly number[];
  /** Its `repetition_penalty`; unset: none. */
  readonly penalty?: number;
}

const files = readdirSync(VECTORS, { recursive: true, encoding: "utf8" }).filter((path) =>
  path.endsWith("greedy.json"),
);
const models = files.map((path) => ({
  dir: dirname(join(VECTORS, path)),
  name: dirname(path),
  greedy: JSON.parse(readFileSync(join(VECTORS, path), "utf8")) as Greedy,
}));

const continued = async (
  decoder: Decoder,
  { prompt, continuation, penalty: repetitionPenalty = 1 }: Greedy,
): Promise<number[]> => {
  const tokens: number[] = [];
  const options = {
    prompt,
    maxTokens: continuation.length,
    sampling: GREEDY,
    repetitionPenalty,
    seed: 0,
    has: () => true,
    stop: new Set<number>(),
  };
  for await (const token of generate(decoder, options)) tokens.push(token);
  return tokens;
};

describe("greedy decoding, against transformers", { timeout: HANG_GUARD }, () => {
  it("has references", () => assert.ok(models.length >= 4, relative(".", VECTORS)));

  for (const family of ["llama/llama3-tied", "qwen3/plain-tied"])
    it(`${family}: the same tokens with a repetition penalty`, async (t) => {
      const dir = join(VECTORS, "families", family);
      const penalised: Greedy = JSON.parse(readFileSync(join(dir, "greedy-penalty.json"), "utf8"));
      const decoder = await createDecoder({ device, ...(await readCheckpoint(dir)) });
      t.after(() => decoder.dispose());
      assert.deepEqual(await continued(decoder, penalised), penalised.continuation);
      decoder.rewind(0);
      const { penalty: _, ...without } = penalised;
      assert.notDeepEqual(await continued(decoder, without), penalised.continuation);
    });

  for (const { dir, name, greedy } of models) {
    it(`${name}: the same tokens, whatever the pieces that the prompt is read in`, async (t) => {
      const model = await readCheckpoint(dir);
      for (const sizes of [
        { chunk: 64, capacity: 128 },
        { chunk: 3, capacity: 4 },
      ]) {
        const decoder = await createDecoder({ device, ...model, ...sizes });
        t.after(() => decoder.dispose());
        assert.deepEqual(await continued(decoder, greedy), greedy.continuation);
      }
    });

    it(`${name}: the cache gives what reading everything anew gives`, async (t) => {
      const model = await readCheckpoint(dir);
      const cached = await createDecoder({ device, ...model, chunk: 4, capacity: 8 });
      const anew = await createDecoder({ device, ...model, chunk: 64, capacity: 64 });
      t.after(() => Promise.all([cached.dispose(), anew.dispose()]));
      const ids = [...greedy.prompt, ...greedy.continuation].slice(0, 24);
      for (let length = 1; length <= ids.length; length++) {
        anew.rewind(0);
        const whole = await anew.extend(ids.slice(0, length));
        const next = await cached.extend([ids[length - 1]!]);
        assert.ok(relativeError(next, whole) < 1e-5, `after ${length} tokens`);
      }
    });

    it(`${name}: what is forgotten leaves nothing behind`, async (t) => {
      const model = await readCheckpoint(dir);
      const decoder = await createDecoder({ device, ...model, chunk: 4, capacity: 16 });
      t.after(() => decoder.dispose());
      const first = await decoder.extend(greedy.prompt);
      await decoder.extend(greedy.continuation.slice(0, 5));
      decoder.rewind(greedy.prompt.length - 1);
      const again = await decoder.extend(greedy.prompt.slice(-1));
      assert.ok(relativeError(again, first) < 1e-5);
    });
  }
});
