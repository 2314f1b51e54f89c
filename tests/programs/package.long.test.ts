import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { storeGenesis } from "#owner/genesis/genesis.js";
import { networkText } from "#owner/network/network-template.js";
import { encodeUpdate } from "#shared/artifact/codec/encode-update.js";
import { CODECS } from "#shared/artifact/codec/index.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { setCommitment } from "#shared/chain/call.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { createRandom } from "#shared/data/random.js";
import { mergeModel } from "#shared/merge/merge-model.js";
import { groupShapes } from "#shared/model/groups.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { parseModelManifest } from "#shared/protocol/model-manifest.js";
import { encodeRecord } from "#shared/protocol/records.js";
import { reportHash, signReport } from "#shared/protocol/report.js";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { type InstalledPackage, installPackage, writeExamples } from "../support/installed-package.js";
import { parameters, template } from "../support/micro-network.js";
import { treeOf } from "../support/tree.js";
import { run, start } from "./process.js";

let installed: InstalledPackage;
let elsewhere: string;
let untouched: ReturnType<typeof treeOf>;
before(() => {
  installed = installPackage();
  elsewhere = mkdtempSync(join(tmpdir(), "another folder "));
  untouched = treeOf(installed.folder);
});
after(() => {
  installed.remove();
  rmSync(elsewhere, { recursive: true, force: true });
});

/** Runs a module of the project to its end. */
const node = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, args, { cwd: installed.project })).stdout;

describe("the installed package", { timeout: HANG_GUARD }, () => {
  it("holds programs, declarations, configurations and pages with their pictures, and no test and no bench", () => {
    const odd = installed.files.filter(
      (path) =>
        !/^(dist\/(miner|validator|owner|localnet|inspect|upkeep|signer|cli|shared|datasets)\/.+(\.js|\.d\.ts)|configs\/.+\.(yaml|yml|json)|deploy\/.+|man\/.+\.1|docs\/.+\.(md|svg|png))$/.test(
          path,
        ) &&
        !["LICENSE", "README.md", "CHANGELOG.md", "package.json", "owner/rewards/page/template.html"].includes(path) &&
        !/^inspect\/dashboard\/page\/(index\.html|dashboard\.css)$/.test(path),
    );
    assert.deepEqual(odd, []);
  });

  it("runs its three programs from any folder, and writes nothing into itself", async () => {
    const place = { dist: join(installed.folder, "dist"), cwd: elsewhere };
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    for (const program of ["blockzero", "blockzero-miner", "blockzero-validator"] as const)
      assert.equal((await run(program, ["--version"], place)).stdout, `${version}\n`);
    const { status, stderr } = await run(
      "blockzero",
      ["rewards", "simulate", "--cycles", "10", "--html", "r.html"],
      place,
    );
    assert.equal(status, 0, stderr);
    assert.match(readFileSync(join(elsewhere, "r.html"), "utf8"), /^<!doctype html>/i);
    const args = ["localnet", "--home", "a home", "--genesis-steps", "1"];
    const localnet = start("blockzero", args, place);
    await localnet.said(/the subnet lives/);
    assert.equal((await localnet.stop("SIGINT")).status, 130);
    assert.deepEqual(treeOf(installed.folder), untouched);
  });

  it("exports its parts with declarations, and nothing else", async () => {
    const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
    const parts = Object.keys(exports)
      .filter((path) => path !== "./package.json")
      .map((path) => path.slice(2));
    const entries = readdirSync("shared/library").map((file) => file.replace(/\.ts$/, ""));
    assert.deepEqual([...parts].sort(), entries.sort());
    const code = `for (const part of ${JSON.stringify(parts)}) {
      const names = Object.keys(await import("blockzero/" + part));
      if (names.length === 0) throw new Error(part);
    }
    for (const internal of ["blockzero", "blockzero/dist/shared/errors/error.js"])
      await import(internal).then(() => { throw new Error(internal) }, ({ code }) => console.log(code));`;
    assert.equal(await node("--input-type=module", "-e", code), "ERR_PACKAGE_PATH_NOT_EXPORTED\n".repeat(2));
    const importing = parts.map((part) => `export * as ${part} from "blockzero/${part}";`).join("\n");
    writeFileSync(join(installed.project, "all.ts"), importing);
    await node(
      ...[join(installed.project, "node_modules/typescript/bin/tsc"), "--noEmit", "--strict", "--skipLibCheck"],
      ...["--module", "nodenext", "--target", "es2023", "--types", "node", "all.ts"],
    );
  });
});

describe("the library's examples, run from the package", { timeout: HANG_GUARD }, () => {
  before(() => {
    const names = writeExamples("docs/library.md", installed.project);
    assert.deepEqual(names, ["train.mjs", "recompute.mjs", "records.mjs"]);
  });

  it("trains a tiny MoE on a text", async () => {
    const text = Array.from({ length: 60 }, (_, i) => `The ${i} whales swim in the sea, and the sea is wide.`);
    writeFileSync(join(installed.project, "text.txt"), text.join("\n\n"));
    const losses = [...(await node("train.mjs", "text.txt", "12")).matchAll(/loss ([\d.]+) nats/g)].map(([, loss]) =>
      Number(loss),
    );
    assert.equal(losses.length, 12);
    assert.ok(losses.at(-1)! < losses[0]!, String(losses));
    assert.ok(readdirSync(join(installed.project, "checkpoint")).includes("model.safetensors"));
  });

  it("verifies a report and recomputes a merge from files", async () => {
    const folder = join(installed.project, "blobs");
    mkdirSync(folder);
    const blobs = directoryStore(folder);
    const { network, networkHash, modelHash } = await storeGenesis(blobs, template, parameters);
    const genesis = parseModelManifest((await blobs.get(modelHash))!);
    assert.ok(genesis.ok);
    const vera = await signerFromUri("//Vera");
    const [group, spec] = Object.entries(network.groups)[0]!;
    const random = createRandom("updates");
    const updates = await Promise.all(
      [0.75, 0.25].map(async (share, uid) => {
        const shapes = Object.entries(groupShapes(network.model, spec));
        const tensors = new Map(
          shapes.map(([name, shape]) => {
            const length = shape.reduce((product, side) => product * side, 1);
            return [name, { shape, data: Float32Array.from({ length }, () => (random.next() - 0.5) / 100) }];
          }),
        );
        const blob = await blobs.put((await encodeUpdate(CODECS[network.artifact.codec], tensors)).bytes);
        return { uid, hotkey: vera.address, group, artifact: sha256(Buffer.from(blob)), share, blob };
      }),
    );
    updates.sort((a, b) => (a.artifact < b.artifact ? -1 : 1));
    const model = await mergeModel(
      { network, networkHash },
      { cycle: 3, base: { hash: modelHash, manifest: genesis.value }, steps: new Map([[group, { step: 1, updates }]]) },
      {
        part: async ({ hash }) => (await blobs.open(hash))!,
        update: async ({ blob }) => ({ hash: blob, file: (await blobs.open(blob))! }),
        create: blobs.create,
      },
    );
    const report = await signReport(
      { network: networkHash, cycle: 3, base: modelHash, seeds: {}, baseline: {}, entries: [] },
      vera,
    );
    await blobs.put(canonicalBytes(report));
    writeFileSync(join(installed.project, "network.yaml"), networkText(network));
    const told = await node("recompute.mjs", "blobs", "network.yaml", reportHash(report), model.hash);
    assert.equal(told, `report of ${vera.address}, cycle 3: signed by it\nmodel ${model.hash}: the same bits\n`);
  });

  it("reads a metagraph and decodes a subnet's records", async (t) => {
    const [sudo, owner] = await Promise.all([signerFromUri("//Bob"), signerFromUri("//Owner")]);
    const devchain = await startDevchain({
      home: join(elsewhere, "chain"),
      genesis: { sudo: sudo.address, subnets: [{ netuid: 7, ownerHotkey: owner.address }] },
      port: 0,
      blockTimeMs: 50,
    });
    t.after(() => devchain.close());
    const chain = await connectDevchain({ endpoint: devchain.endpoint });
    const record = { type: "network", network: "ab".repeat(4), hash: "ab".repeat(32), location: "http://127.0.0.1:1" };
    await chain.submit(setCommitment(7, encodeRecord({ ...record, type: "network" })), owner);
    await chain.close();
    const told = await node("records.mjs", devchain.endpoint, "7");
    assert.match(told, new RegExp(`^block \\d+: 1 neurons\nuid 0 {2}${owner.address} {2}stake 0 {2}\\{.+\n$`));
    assert.deepEqual(JSON.parse(told.slice(told.indexOf("{"))), record);
  });
});
