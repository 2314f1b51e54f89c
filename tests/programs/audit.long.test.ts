import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { blobsOf, type ModelManifest } from "#shared/protocol/model-manifest.js";
import { parseSafetensors } from "#shared/tensor-files/safetensors.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { type LiveSubnet, startSubnet } from "./live-subnet.js";

type Player = Parameters<LiveSubnet["blobs"]>[0];

test("anybody audits a living subnet over its chain and its servers alone", { timeout: HANG_GUARD }, async (t) => {
  const subnet = await startSubnet(t);
  const { running, endpoint, pace } = subnet;
  const onChain = ["--chain", endpoint, "--netuid", "1"];
  const audit = (...args: readonly string[]) =>
    subnet.blockzero("audit", ...onChain, "--allow-private-addresses", ...args);
  const file = (player: Player, hash: string) => join(subnet.blobs(player), hash.slice(0, 2), hash);
  const flip = (player: Player, hash: string, byte: number) => {
    const bytes = readFileSync(file(player, hash));
    bytes[byte] = bytes[byte]! ^ 8;
    writeFileSync(file(player, hash), bytes);
  };

  const cycle = await pace.cycleOf([
    [running.ann, "scored"],
    [running.validator, "merged", " model=\\w+ merged=\\[\\d"],
    [running.validator, "published model"],
  ]);

  const [sound, all, refused, log] = await Promise.all([
    audit("--cycle", String(cycle), "--evaluate"),
    audit("--all", "--every-server", "--json"),
    subnet.blockzero("audit", ...onChain),
    subnet.blockzero("model", "log", ...onChain, "--allow-private-addresses", "--json"),
  ]);
  assert.deepEqual([sound.status, sound.stderr], [0, ""], sound.stdout);
  assert.match(
    sound.stdout,
    new RegExp(
      `^settled: cycles 1–\\d+, head \\d+\\ncycle ${cycle} agrees: model [0-9a-f]{12}, 1 report, [12] scored, [12] merged\n$`,
    ),
  );
  assert.equal(all.status, 0, all.stdout + all.stderr);
  assert.equal(JSON.parse(all.stdout).cycles.at(-1).divergences.length, 0);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /^✖ FETCH_REFUSED_ADDRESS .+ is not a public address.* → .+\n$/);

  // What a miner serves as its update has one bit that is another: the validator's copy says which.
  const models: (Pick<ModelManifest, "cycle" | "merged"> & { hash: string })[] = JSON.parse(log.stdout);
  const model = models.find((one) => one.cycle === cycle && one.merged.length > 0)!;
  const best = model.merged.reduce((a, b) => (a.share > b.share ? a : b));
  const miner = best.uid === 2 ? "ann" : "bob";
  const update = parseSafetensors(readFileSync(file(miner, best.tensors)));
  const [name, { data }] = [...update.tensors].at(-1)!;
  const element = 5;
  flip(miner, best.tensors, data.byteOffset + 4 * element);
  const named = `file http://127\\.0\\.0\\.1:\\d+/blob/${best.tensors} is not what its hash says: it differs in tensor "${name}" at index ${element} `;
  const [noted, flipped] = await Promise.all([
    audit("--cycle", String(cycle)),
    audit("--cycle", String(cycle), "--every-server"),
  ]);
  // A miner's server decides nothing as long as somebody has a sound copy, unless that was the question.
  assert.equal(noted.status, 0, noted.stdout + noted.stderr);
  assert.match(noted.stdout, new RegExp(`^cycle ${cycle} agrees: .+\\n {2}note: ${named}`, "m"));
  assert.equal(flipped.status, 1, flipped.stderr);
  assert.match(flipped.stdout, new RegExp(`^cycle ${cycle} diverges: ${named}`, "m"));
  flip(miner, best.tensors, data.byteOffset + 4 * element);

  // Nobody trains prose, so its part is what the owner made: one bit of the owner's copy is another, and only the validator's is sound.
  const manifest: ModelManifest = JSON.parse(readFileSync(file("validator", model.hash), "utf8"));
  const weights = blobsOf(manifest.parts.groups.prose!.weights)[0]!;
  flip("owner", weights.hash, weights.bytes - 1);
  const thorough = await audit("--cycle", String(cycle), "--every-server");
  assert.equal(thorough.status, 1, thorough.stderr);
  assert.match(thorough.stdout, new RegExp(`/blob/${weights.hash} is not what its hash says: it differs in tensor "`));
  flip("owner", weights.hash, weights.bytes - 1);

  // Nobody serves an update that was merged: it is named, with whom was asked, and only the miner's archive has it.
  for (const player of [miner, "validator"] as const) rmSync(file(player, best.tensors));
  for (const program of Object.values(running)) await program.stop("SIGKILL");
  rmSync(file("owner", blobsOf(manifest.parts.hub)[0]!.hash));
  const gone = await audit("--cycle", String(cycle));
  assert.equal(gone.status, 1, gone.stderr);
  assert.match(
    gone.stdout,
    new RegExp(`^cycle ${cycle} not auditable: .+: nobody has [0-9a-f]{64}: .*ECONNREFUSED`, "m"),
  );
  assert.equal(gone.stderr, "");
  const archives = (["validator", "ann", "bob"] as const).flatMap((player) => [
    ...["--store", `directory:${subnet.archive(player)}`],
  ]);
  const archived = await audit("--cycle", String(cycle), ...archives);
  assert.deepEqual([archived.status, archived.stderr], [0, ""], archived.stdout);
  assert.match(archived.stdout, /note: the hub cannot be had/);

  await subnet.chain.stop("SIGKILL");
  const [offline, noNetuid, nowhere] = await Promise.all([
    audit("--all"),
    subnet.blockzero("audit", "--chain", endpoint),
    audit("--store", "nowhere"),
  ]);
  assert.deepEqual(
    [offline, noNetuid, nowhere].map(({ status }) => status),
    [2, 2, 2],
  );
  assert.match(offline.stderr, /^✖ CHAIN_\w+ .+ → .+\n$/);
  assert.match(noNetuid.stderr, /^✖ USAGE .+--netuid\n$/);
});
