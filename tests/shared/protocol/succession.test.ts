import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { networkHash, networkSchema } from "#shared/protocol/network.js";
import { successionProblem } from "#shared/protocol/succession.js";
import { loadVectors } from "./vectors.js";

test("vectors: which network files may succeed which", () => {
  const { files, cases } = loadVectors(
    "succession",
    z.object({
      files: z.record(z.string(), z.object({ hash: z.string(), network: networkSchema })),
      cases: z.array(
        z.object({
          about: z.string(),
          former: z.string(),
          change: z.record(z.string(), z.unknown()),
          hash: z.string(),
          maySucceed: z.boolean(),
        }),
      ),
    }),
  );
  for (const { hash, network } of Object.values(files)) assert.equal(networkHash(network), hash);
  for (const { about, former, change, hash, maySucceed } of cases) {
    const { network, hash: formerHash } = files[former]!;
    const fields = Object.entries({ ...network, ...change }).filter(([, value]) => value !== null);
    const next = networkSchema.parse(Object.fromEntries(fields));
    assert.equal(networkHash(next), hash, about);
    assert.equal(successionProblem(network, formerHash, next) === null, maySucceed, about);
  }
});
