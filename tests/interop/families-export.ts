/**
 * What transformers makes of checkpoints that BlockZero wrote, of every family: it must miss and not know no tensor, and give our logits.
 *
 *     node dist/tests/interop/families-export.js venv/bin/python
 *
 * with transformers 4 or 5 in the virtual environment (`tests/interop/families.py` says how to make one). Exits with 1 where they differ.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readCheckpoint, writeCheckpoint } from "#shared/model/checkpoint.js";
import { MODEL_TYPES } from "#shared/protocol/model-config.js";
import { floatsOf, relativeError, runForward } from "#tests/shared/model/micro.js";
import { references } from "#tests/shared/model/reference.js";

const CHECKER = fileURLToPath(new URL("../../../tests/interop/families.py", import.meta.url));
const TOLERANCE = 1e-4;
const LENGTH = 12;

const answerSchema = z.object({
  transformers: z.string(),
  class: z.string(),
  missing_keys: z.array(z.string()),
  unexpected_keys: z.array(z.string()),
  logits: z.array(z.array(z.number())),
});

const [python = "python3"] = process.argv.slice(2);
const out = mkdtempSync(join(tmpdir(), "blockzero-families-"));
let failed = 0;
try {
  const models = MODEL_TYPES.flatMap((type) =>
    references(`families/${type}`).map(({ name, dir }) => ({ type, name, dir, copy: join(out, `${type}-${name}`) })),
  );
  for (const { dir, copy } of models) {
    const { config, parameters } = await readCheckpoint(dir);
    await writeCheckpoint(copy, config, parameters);
  }
  const output = execFileSync(python, [CHECKER, "--check", ...models.map(({ copy }) => copy)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const answers = output.toString().trim().split("\n");
  for (const [i, { type, name, dir }] of models.entries()) {
    const { config, parameters } = await readCheckpoint(dir);
    const answer = answerSchema.parse(JSON.parse(answers[i]!));
    const ids = Array.from({ length: 2 * LENGTH }, (_, i) => i % config.vocab_size);
    const shape = { config, batchSize: 2, sequenceLength: LENGTH };
    const logits = floatsOf((await runForward({ parameters, ids, shape })).logits);
    const last = [1, 2].flatMap((row) => [
      ...logits.subarray((row * LENGTH - 1) * config.vocab_size, row * LENGTH * config.vocab_size),
    ]);
    const error = relativeError(last, answer.logits.flat());
    const isFine = error < TOLERANCE && answer.missing_keys.length === 0 && answer.unexpected_keys.length === 0;
    if (!isFine) failed++;
    console.log(
      `${isFine ? "✔" : "✖"} ${type}, ${name}: ${answer.class} of transformers ${answer.transformers}, relative error ${error.toExponential(1)}`,
      ...(isFine ? [] : [answer.missing_keys, answer.unexpected_keys]),
    );
  }
} finally {
  rmSync(out, { recursive: true });
}
process.exitCode = failed === 0 ? 0 : 1;
