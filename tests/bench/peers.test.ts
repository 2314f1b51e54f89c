import assert from "node:assert/strict";
import { delimiter } from "node:path";
import { describe, test } from "node:test";
import { describeRefusals, findPeers, pythonsOf } from "#bench/step/find-peers.js";

describe("pythonsOf", () => {
  const variable = (...pythons: string[]) => ({ BLOCKZERO_BENCH_PYTHON: pythons.join(delimiter) });

  test("takes the option, then the variable, then python3", () => {
    assert.deepEqual(pythonsOf(["a", "b"], variable("c")), ["a", "b"]);
    assert.deepEqual(pythonsOf(undefined, variable("c", "d")), ["c", "d"]);
    assert.deepEqual(pythonsOf(undefined, {}), ["python3"]);
  });

  test("asks each once, and nobody without a name", () => {
    assert.deepEqual(pythonsOf(undefined, variable("c", "", " c ", "d")), ["c", "d"]);
    assert.deepEqual(pythonsOf(undefined, variable("")), ["python3"]);
  });
});

describe("findPeers", () => {
  test("goes on without a Python that is not there, or is none", async () => {
    const missing = "/nonexistent/python";
    const pythons = [missing, process.execPath];
    const { peers, refusals } = await findPeers({ pythons, compiled: true, device: "cpu", threads: 1 });
    assert.deepEqual(peers, []);
    assert.deepEqual(
      refusals.map(({ python }) => python),
      pythons,
    );
    assert.match(refusals[0]!.reason, /ENOENT/);
  });
});

describe("describeRefusals", () => {
  const refusals = [{ python: "/a", reason: "spawn /a ENOENT" }];

  test("says what was wrong with each", () => {
    assert.deepEqual(describeRefusals(refusals, 1), ["no PyTorch from /a: there is no such program"]);
    const reason = "ModuleNotFoundError: No module named 'torch'";
    assert.deepEqual(describeRefusals([{ python: "b", reason }], 1), [`no PyTorch from b: ${reason}`]);
  });

  test("says how to get one where there is no other", () => {
    const text = describeRefusals(refusals, 0).join("\n");
    assert.match(text, /pip install torch/);
    assert.match(text, /BLOCKZERO_BENCH_PYTHON=/);
    assert.match(text, /python3-torch libopenblas0-pthread/);
    assert.deepEqual(describeRefusals([], 2), []);
  });
});
