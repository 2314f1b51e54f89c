import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { cycleAuditor } from "#owner/audit/audit-cycle.js";
import type { CycleAudit } from "#owner/audit/findings.js";
import { parseSafetensors } from "#shared/artifact/safetensors.js";
import { createRandom } from "#shared/data/random.js";
import { isHash } from "#shared/protocol/hash.js";
import { openSubnet as openAudited } from "#shared/subnet/open-subnet.js";
import { collectingLog } from "../../shared/chain/support.js";
import { livedHome } from "../../support/localnet-home.js";

const PROGRAM = fileURLToPath(new URL("../../../owner/main.js", import.meta.url));

const auditAll = async (t: TestContext, home: string): Promise<readonly CycleAudit[]> => {
  const subnet = await openAudited({
    home,
    chain: undefined,
    netuid: undefined,
    allowPrivateAddresses: false,
    log: collectingLog().log,
    signal: t.signal,
  });
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

const command = (...args: string[]) => spawnSync(process.execPath, [PROGRAM, "audit", ...args], { encoding: "utf8" });

describe("an audit of two cycles that real programs lived through", { timeout: 120_000 }, () => {
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
    const damaged = await auditAll(t, home);
    assert.deepEqual(
      damaged.map(({ result, divergences }) => [result, divergences.length]),
      [
        ["agrees", 0],
        ["diverges", weights.length],
      ],
    );
    for (const what of damaged[1]!.divergences) assert.match(what, /in tensor ".+" at index \d+/);
    for (const path of weights) writeFileSync(path, kept);

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
    assert.match(gone.stdout, /^cycle 2 not auditable: /);
    flip(paths.find((path) => basename(path) === sound[0]!.agreed)!, 99);
    const diverges = command("--home", home, "--all");
    assert.equal(diverges.status, 1, diverges.stderr);
    assert.match(diverges.stdout, /^cycle 1 diverges: file .+ it differs at byte 12/m);
  });

  it("refuses what it cannot understand with exit status 2", () => {
    for (const args of [
      ["--cycle", "1", "--all"],
      ["--home", "/nowhere"],
      ["--chain", "ws://127.0.0.1:1"],
      ["--cycle", "x"],
    ]) {
      const { status, stderr } = command(...args);
      assert.equal(status, 2, args.join(" "));
      assert.match(stderr, /^✖ [A-Z_]+ .+ → .+\n$/);
    }
  });
});
