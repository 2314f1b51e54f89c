import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createRandom } from "#shared/data/random.js";
import { Graph } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { refuseStored } from "#shared/engine/runtime/refuse-stored.js";
import type { StoredDType, StoredTensor } from "#shared/engine/stored-tensor.js";
import { floatTensor, intTensor, sizeOf } from "#shared/engine/tensor.js";
import { floatBytes, narrow, widen } from "#shared/tensor-files/float-dtype.js";
import { coded } from "#tests/support/coded.js";
import { device } from "./finite-differences.js";

const folder = mkdtempSync(join(tmpdir(), "blockzero-stored-"));

/** A file with one tensor behind `offset` other bytes, and the float32 elements that it stands for. */
const stored = (dtype: StoredDType, offset: number, shape: readonly number[]) => {
  const random = createRandom(`${dtype} ${offset}`);
  const bytes = narrow(
    dtype,
    Float32Array.from({ length: sizeOf(shape) }, () => random.next() - 0.5),
  );
  const path = join(folder, `${dtype}-${offset}`);
  writeFileSync(path, Buffer.concat([Buffer.alloc(offset, 0xff), bytes]));
  const elements = new Float32Array(sizeOf(shape));
  widen(dtype, new Uint8Array(bytes), elements);
  const tensor: StoredTensor = { path, offset, dtype, shape };
  return { tensor, elements: floatTensor(elements, shape) };
};

/** Rows of a table, and their product with a matrix. */
const build = () => {
  const graph = new Graph();
  const table = graph.input("table", [37, 64]);
  const weight = graph.input("weight", [48, 64]);
  const rows = op.gather(table, graph.input("ids", [5], "int64"));
  return { graph, outputs: { rows, product: op.matmul(rows, weight, { transB: true }) } };
};
const ids = intTensor([36, 0, 7, 7, 20]);

describe("weights in files", () => {
  after(() => rmSync(folder, { recursive: true }));

  for (const dtype of ["F32", "F16", "BF16"] as const)
    for (const offset of [0, 8, 4097, 4099])
      it(`are what a program computes with, bit for bit: ${dtype} from byte ${offset}`, async () => {
        const { graph, outputs } = build();
        const table = stored(dtype, offset, [37, 64]);
        const weight = stored(dtype, offset + 1, [48, 64]);
        const fed = await device.compile(graph, outputs);
        const mapped = await device.compile(graph, outputs, {
          stored: { table: table.tensor, weight: weight.tensor },
        });
        const half = await device.compile(graph, outputs, { stored: { weight: weight.tensor } });
        const expected = await fed.run({ ids, table: table.elements, weight: weight.elements });
        assert.deepEqual(await mapped.run({ ids }), expected);
        assert.deepEqual(await half.run({ ids, table: table.elements }), expected);
        await assert.rejects(mapped.run({ ids, table: table.elements }), coded("GRAPH_FEED", '"table" is no input'));
        for (const program of [fed, mapped, half]) await program.dispose();
      });

  it("are refused as another input, in another shape, and where the file ends before them", async () => {
    const { graph, outputs } = build();
    const { tensor } = stored("BF16", 3, [37, 64]);
    const refused = (given: Record<string, StoredTensor>) => device.compile(graph, outputs, { stored: given });
    await assert.rejects(refused({ tables: tensor }), coded("GRAPH_FEED", '"tables" [37, 64] is no input'));
    await assert.rejects(refused({ weight: tensor }), coded("GRAPH_FEED", "is float32[48, 64] in the graph"));
    await assert.rejects(refused({ ids: { ...tensor, shape: [5] } }), coded("GRAPH_FEED", "is int64[5] in the graph"));
    truncateSync(tensor.path, 3 + 37 * 64 * floatBytes("BF16") - 1);
    await assert.rejects(refused({ table: tensor }), coded("GRAPH_COMPILE", "refuses the graph"));
    await assert.rejects(refused({ table: { ...tensor, path: join(folder, "none") } }), coded("GRAPH_COMPILE", "none"));
  });

  it("are refused by devices that do not map files", () => {
    const { tensor } = stored("F32", 0, [2]);
    assert.throws(() => refuseStored("WebGPU", { w: tensor }), coded("GRAPH_COMPILE", "WebGPU takes no weights"));
    refuseStored("WebGPU");
  });

  it("are mapped: opening 256 MB of them takes none of the process's own memory", {
    skip: process.platform !== "linux",
  }, async () => {
    const path = join(folder, "large");
    const [rows, width] = [1 << 15, 1 << 11];
    writeFileSync(path, "");
    truncateSync(path, 1 + rows * width * 4);
    const graph = new Graph();
    const table = graph.input("table", [rows, width]);
    const outputs = { rows: op.gather(table, graph.input("ids", [2], "int64")) };
    const before = anonymousBytes();
    const program = await device.compile(graph, outputs, {
      stored: { table: { path, offset: 1, dtype: "F32", shape: [rows, width] } },
    });
    await program.run({ ids: intTensor([1, rows - 1]) });
    const grown = anonymousBytes() - before;
    assert.ok(grown < 32e6, `${grown} bytes`);
    await program.dispose();
  });
});

/** Of this process, as Linux tells. */
const anonymousBytes = (): number =>
  1024 * Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
