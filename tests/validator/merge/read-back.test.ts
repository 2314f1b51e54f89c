import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import { bytesSource } from "#shared/files/byte-source.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { encodeParameters } from "#shared/model/part-parameters.js";
import { sha256 } from "#shared/protocol/hash.js";
import { type BlobRef, blobsOf, type ModelManifest } from "#shared/protocol/model-manifest.js";
import type { Network } from "#shared/protocol/network.js";
import { readBack } from "#validator/merge/read-back.js";
import { parameters, template } from "../../support/micro-network.js";

const network: Network = { ...template, genesis: "0".repeat(64) };
const networkHash = "1".repeat(64);
const CYCLE = 7;
const HASH = "6".repeat(64);

const pick = (shapes: object): Parameters =>
  Object.fromEntries(Object.keys(shapes).map((name) => [name, parameters[name]!]));

const withElement = (tensors: Parameters, value: number): Parameters => {
  const [name = "", tensor] = Object.entries(tensors).at(-1)!;
  const data = tensor.data.slice();
  data[data.length - 1] = value;
  return { ...tensors, [name]: { ...tensor, data } };
};

/** A merged model, some of whose parts are other bytes than they should be. */
const model = (change: { weights?: Uint8Array; momentum?: Uint8Array; manifest?: Partial<ModelManifest> } = {}) => {
  const files = new Map<string, Uint8Array>();
  const put = (bytes: Uint8Array): BlobRef => {
    const hash = sha256(bytes);
    files.set(hash, bytes);
    return { hash, bytes: bytes.length };
  };
  const groups = Object.fromEntries(
    Object.entries(network.groups).map(([name, group]) => {
      const { bytes } = encodeParameters(pick(groupShapes(network.model, group)));
      const isLast = name === "prose";
      return [
        name,
        {
          weights: put((isLast && change.weights) || bytes),
          momentum: isLast ? put(change.momentum ?? bytes) : null,
        },
      ];
    }),
  );
  const manifest: ModelManifest = {
    version: 2,
    kind: "model",
    network: networkHash,
    cycle: CYCLE,
    parent: "3".repeat(64),
    parts: { hub: put(encodeParameters(pick(hubShapes(network.model, network.groups))).bytes), groups },
    config: network.model,
    steps: { math: 1, prose: 0 },
    merged: [],
    ...change.manifest,
  };
  return { manifest, files };
};

const read = ({ manifest, files }: ReturnType<typeof model>): { readonly result: Promise<void>; closed(): boolean } => {
  let open = 0;
  const models: Reader["models"] = {
    baseOf: () => Promise.reject(new TypeError("not asked for")),
    decidedAt: () => Promise.reject(new TypeError("not asked for")),
    outcomeOf: () => Promise.reject(new TypeError("not asked for")),
    servers: async () => [],
    trusted: async () => [],
    locate: () => Promise.reject(new TypeError("not asked for")),
    manifest: async () => manifest,
    async open({ hash }) {
      const bytes = files.get(hash);
      if (!bytes) throw new BlockZeroError("FETCH_NOT_FOUND", `nobody has ${hash}`, "ask others");
      const source = bytesSource(bytes);
      open += 1;
      return {
        ...source,
        close: async () => {
          open -= 1;
          await source.close();
        },
      };
    },
  };
  const { signal } = new AbortController();
  return { result: readBack({ models, network, networkHash, signal }, HASH, CYCLE), closed: () => open === 0 };
};

type Reader = globalThis.Parameters<typeof readBack>[0];

const prose = pick(groupShapes(network.model, network.groups.prose!));

describe("reading a model back", () => {
  it("finds nothing in one that everybody can read, and closes its files", async () => {
    const reading = read(model());
    await reading.result;
    assert.ok(reading.closed());
  });

  it("commits none with an element that is no finite number, in weights or momentum", async () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const { bytes } = encodeParameters(withElement(prose, value));
      for (const change of [{ weights: bytes }, { momentum: bytes }]) {
        const reading = read(model(change));
        await assert.rejects(reading.result, { code: "MODEL_UNUSABLE", message: /group prose .*no finite number/ });
        assert.ok(reading.closed());
      }
    }
  });

  it("reads the largest numbers that float32 has", async () => {
    await read(model({ weights: encodeParameters(withElement(prose, 3.4028234663852886e38)).bytes })).result;
  });

  it("commits none whose manifest is of another cycle, nor one whose parts have other tensors or cannot be had", async () => {
    await assert.rejects(read(model({ manifest: { cycle: CYCLE - 1 } })).result, {
      code: "MODEL_UNUSABLE",
      message: /it is of cycle 6$/,
    });
    const [, ...others] = Object.entries(prose);
    await assert.rejects(read(model({ weights: encodeParameters(Object.fromEntries(others)).bytes })).result, {
      code: "CHECKPOINT_MISMATCH",
    });
    await assert.rejects(read(model({ momentum: new Uint8Array(16) })).result, { code: "SAFETENSORS_INVALID" });
    const { manifest, files } = model();
    files.delete(blobsOf(manifest.parts.groups.math!.weights)[0]!.hash);
    await assert.rejects(read({ manifest, files }).result, { code: "FETCH_NOT_FOUND" });
  });
});
