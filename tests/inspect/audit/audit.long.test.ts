import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { cycleAuditor } from "#inspect/audit/audit-cycle.js";
import type { CycleAudit } from "#inspect/audit/findings.js";
import { createRandom } from "#shared/data/random.js";
import { isHash } from "#shared/protocol/hash.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { openSubnet as openAudited } from "#shared/subnet/open-subnet.js";
import { parseSafetensors } from "#shared/tensor-files/safetensors.js";
import { collectingLog } from "#tests/shared/chain/support.js";
import { compiled } from "#tests/support/compiled.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { livedHome } from "#tests/support/localnet-home.js";
import { treeOf } from "#tests/support/tree.js";

const PROGRAM = compiled("cli/main.js");

const HERE = { chain: undefined, netuid: undefined, allowPrivateAddresses: false };

const auditAll = async (t: TestContext, home: string): Promise<readonly CycleAudit[]> => {
  const subnet = await openAudited({ ...HERE, home, log: collectingLog().log, signal: t.signal });
  try {
    const audits: CycleAudit[] = [];
    const auditCycle = cycleAuditor(subnet);
    for (let cycle = subnet.first; cycle <= subnet.last; cycle++) audits.push(await auditCycle(cycle));
    return audits;
  } finally {
    await subnet.close();
  }
};

const blobsUnder = (home: string): readonly string[] =>
  readdirSync(home, { recursive: true, encoding: "utf8" })
    .filter((name) => isHash(basename(name)) && name.includes("blobs"))
    .map((name) => join(home, name))
    .sort();

/** What a file is, as far as it says. */
const kindOf = (path: string): string => {
  const bytes = readFileSync(path);
  if (bytes[0] !== 0x7b) return "tensors";
  const { kind } = JSON.parse(bytes.toString("utf8"));
  return String(kind ?? "network");
};

const flip = (path: string, bit: number): void => {
  const bytes = readFileSync(path);
  bytes[bit >> 3] = bytes[bit >> 3]! ^ (1 << (bit & 7));
  writeFileSync(path, bytes);
};

const blockzero = (...args: string[]) => spawnSync(process.execPath, [PROGRAM, ...args], { encoding: "utf8" });
const command = (...args: string[]) => blockzero("audit", ...args);

/** The first block of the evaluation of cycle 2, for which the log has a line after one more; and what opening the chain warns of. */
const lookAtChain = async (home: string) => {
  const { log, lines } = collectingLog();
  const { source, close } = await openAudited({ ...HERE, home, log, signal: new AbortController().signal });
  await close();
  const warnings = lines.filter(({ level }) => level === "warn");
  return {
    end: phaseWindow(2, "evaluate", source.network.phases).start,
    warnings: warnings.map(({ message, fields }) => ({ message, ...fields })),
  };
};

describe("an audit of two cycles that real programs lived through", { timeout: HANG_GUARD }, () => {
  it("agrees, names every flipped bit, and never takes what is gone for agreement", async (t) => {
    const { home } = await livedHome(t);
    const sound = await auditAll(t, home);
    assert.deepEqual(
      sound.map(({ cycle, result, reports, scored, merged }) => [cycle, result, reports, scored, merged]),
      [
        [1, "agrees", 2, 2, 2],
        [2, "agrees", 2, 2, 2],
      ],
    );
    for (const { agreed, recomputed, divergences, missing, notes } of sound) {
      assert.equal(agreed, recomputed);
      assert.deepEqual([divergences, missing, notes], [[], [], []]);
    }

    const log = spawnSync(process.execPath, [PROGRAM, "model", "log", "--home", home], { encoding: "utf8" });
    const lines = log.stdout.trim().split("\n");
    assert.deepEqual(
      lines.filter((line) => line.startsWith("model ")),
      [`model ${sound[1]!.agreed}  cycle 2`, `model ${sound[0]!.agreed}  cycle 1`, `model ${sound[0]!.base}  genesis`],
    );
    assert.match(lines[1]!, /^ {4}math: \d+ [\d.]+ %, \d+ [\d.]+ %$/);

    const paths = blobsUnder(home);
    const kinds = new Map<string, string[]>();
    for (const path of paths) kinds.set(kindOf(path), [...(kinds.get(kindOf(path)) ?? []), path]);
    assert.deepEqual([...kinds.keys()].sort(), ["model", "network", "report", "tensors", "update"]);
    const random = createRandom("flips");
    const below = (limit: number) => Math.floor(random.next() * limit);
    for (const [kind, files] of kinds)
      for (let round = 0; round < (kind === "tensors" ? 6 : 2); round++) {
        const path = files[below(files.length)]!;
        const before = readFileSync(path);
        const bit = below(8 * before.length);
        flip(path, bit);
        const found = (await auditAll(t, home)).flatMap(({ divergences }) => divergences);
        writeFileSync(path, before);
        const named = found.find((what) => what.includes(path));
        assert.ok(named, `bit ${bit} of ${kind} ${path} is not named by ${found.join("; ") || "agreement"}`);
        if (kind !== "tensors") continue;
        const copies = paths.filter((other) => basename(other) === basename(path)).length;
        if (copies > 1) assert.match(named, new RegExp(`\\(byte ${bit >> 3}\\)|at byte ${bit >> 3}`));
        for (const [name, { data }] of parseSafetensors(before).tensors) {
          const offset = (bit >> 3) - (data.byteOffset - before.byteOffset);
          if (copies > 1 && offset >= 0 && offset < data.length)
            assert.ok(named.includes(`in tensor "${name}" at index ${offset >> 2} `), named);
        }
      }

    // Every copy of a part of the last model is damaged: recomputing says what it should be.
    const model = JSON.parse(readFileSync(paths.find((path) => basename(path) === sound[1]!.agreed)!, "utf8"));
    const weights = paths.filter((path) => basename(path) === model.parts.groups.math.weights.hash);
    const kept = readFileSync(weights[0]!);
    for (const path of weights) flip(path, 8 * kept.length - 5);
    const spoiled = await auditAll(t, home);
    assert.deepEqual(
      spoiled.map(({ result, divergences }) => [result, divergences.length]),
      [
        ["agrees", 0],
        ["diverges", weights.length],
      ],
    );
    for (const what of spoiled[1]!.divergences) assert.match(what, /in tensor ".+" at index \d+/);
    for (const path of weights) writeFileSync(path, kept);

    // The chain's end is cut off: what it no longer says is not taken for agreement.
    const chain = join(home, "chain", "blocks.jsonl");
    const blocks = readFileSync(chain, "utf8");
    writeFileSync(chain, `${blocks}${blocks.slice(-200, -100)}`);
    const { end, warnings } = await lookAtChain(home);
    assert.deepEqual(warnings, [
      { message: "the chain ends in a block that is half-written: left out", path: chain, bytes: 100 },
    ]);
    writeFileSync(chain, `${blocks.split("\n").slice(0, end).join("\n")}\n`);
    const short = command("--home", home, "--all");
    assert.deepEqual([short.status, short.stderr], [1, ""]);
    assert.match(short.stdout, new RegExp(`^settled: cycles 1–1, head ${end - 1}\ncycle 1 agrees: `));
    assert.match(short.stdout, new RegExp(`^cycle 2 not auditable: the chain ends at block ${end - 1}, before `, "m"));
    writeFileSync(chain, blocks);

    const evaluated = command("--home", home, "--all", "--evaluate", "--json");
    assert.equal(evaluated.status, 0, evaluated.stderr);
    assert.deepEqual(
      JSON.parse(evaluated.stdout).cycles.map(({ result }: CycleAudit) => result),
      ["agrees", "agrees"],
    );
    const strict = command("--home", home, "--cycle", "2", "--evaluate", "--tolerance", "0");
    assert.equal(strict.status, 0, `one machine measures the same twice: ${strict.stdout}`);

    // An update that was merged is gone: what cannot be recomputed is not agreed with.
    const [update] = model.merged;
    for (const path of paths.filter((path) => basename(path) === update.tensors)) rmSync(path);
    const [first, second] = await auditAll(t, home);
    assert.equal(first!.result, "agrees");
    assert.equal(second!.result, "not auditable");
    assert.match(second!.missing.join(), new RegExp(update.tensors));
    const gone = command("--home", home);
    assert.deepEqual([gone.status, gone.stderr], [1, ""]);
    assert.match(gone.stdout, /^cycle 2 not auditable: /m);
    flip(paths.find((path) => basename(path) === sound[0]!.agreed)!, 99);
    const diverges = command("--home", home, "--all");
    assert.equal(diverges.status, 1, diverges.stderr);
    assert.match(diverges.stdout, /^cycle 1 diverges: file .+ it differs at byte 12/m);

    // Who only reads mends nothing: after all of them the audit finds what it found.
    const damaged = treeOf(home);
    assert.equal(blockzero("model", "log", "--home", home).status, 0);
    const miner = String(model.merged[0].uid);
    const explained = blockzero("explain", "--home", home, "--uid", miner, "--cycle", "1");
    assert.equal(explained.status, 0, explained.stderr);
    assert.match(explained.stderr, /explain {2}a file is not what its hash says {2}path=/);
    assert.equal(blockzero("rewards", "replay", "--home", home).status, 0);
    assert.deepEqual(treeOf(home), damaged);
    assert.deepEqual(
      (await auditAll(t, home)).map(({ result }) => result),
      ["diverges", "not auditable"],
    );
  });

  it("refuses what it cannot understand with exit status 2", () => {
    for (const args of [
      ["--cycle", "1", "--all"],
      ["--home", "/nowhere"],
      ["--chain", "ws://127.0.0.1:1"],
      ["--cycle", "x"],
      ["--netuid", "1"],
      ...["", "Infinity", "0x10"].map((nats) => ["--tolerance", nats]),
    ]) {
      const { status, stderr } = command(...args);
      assert.equal(status, 2, args.join(" "));
      assert.match(stderr, /^✖ [A-Z_]+ .+ → .+\n$/);
    }
  });
});
