import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parameterShapes } from "#shared/model/parameters.js";
import { decodeParameters, encodeParameters } from "#shared/model/part-parameters.js";
import { sha256 } from "#shared/protocol/hash.js";
import { encodeSafetensors } from "#shared/tensor-files/safetensors.js";
import { coded } from "#tests/support/coded.js";
import { MICRO, microParameters } from "./micro.js";

const shapes = parameterShapes(MICRO);

describe("part of a model", () => {
  const parameters = microParameters();

  it("reads back what was written, under a hash that does not depend on the tensors' order", () => {
    const { bytes, hash } = encodeParameters(parameters);
    assert.equal(hash, sha256(bytes));
    assert.deepEqual(decodeParameters(bytes, shapes, "model"), parameters);
    const reversed = Object.fromEntries(Object.entries(parameters).reverse());
    assert.equal(encodeParameters(reversed).hash, hash);
  });

  it("is refused when damaged, or not float32", () => {
    const { bytes } = encodeParameters(parameters);
    assert.throws(() => decodeParameters(bytes.subarray(0, 7), shapes, "hub"), coded("SAFETENSORS_INVALID", /shorter/));
    assert.throws(() => decodeParameters(bytes.subarray(0, -4), shapes, "hub"), coded("SAFETENSORS_INVALID", /bytes/));
    const half = encodeSafetensors(new Map([["x", { dtype: "F16", shape: [2], data: new Uint8Array(4) }]]));
    assert.throws(() => decodeParameters(half, shapes, "hub"), coded("SAFETENSORS_INVALID", /"x" is F16/));
  });

  const name = "model.layers.1.mlp.experts.2.down_proj.weight";
  const tensor = parameters[name]!;
  const { [name]: _, ...without } = parameters;
  const misfits: readonly (readonly [string, typeof parameters, RegExp])[] = [
    ["a tensor missing", without, /^hub does not fit the network file: tensor .*2\.down_proj\.weight is missing/],
    [
      "another shape",
      { ...parameters, [name]: { ...tensor, shape: [12, 16] } },
      /is \[12,16\], the network file says \[16,12\]/,
    ],
    ["another rank", { ...parameters, [name]: { ...tensor, shape: [192] } }, /is \[192\]/],
    ["a tensor too many", { ...parameters, stray: tensor }, /"stray" is not part of it/],
    ["a name that objects inherit", { ...without, constructor: tensor }, /is missing/],
  ];
  for (const [what, content, message] of misfits)
    it(`is refused with ${what}`, () => {
      const { bytes } = encodeParameters(content);
      assert.throws(() => decodeParameters(bytes, shapes, "hub"), coded("CHECKPOINT_MISMATCH", message));
    });
});
