import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parse, stringify } from "yaml";
import { openArithmetic } from "#datasets/arithmetic.js";
import { openMobyDick } from "#datasets/moby-dick.js";
import { sealPages } from "#localnet/sealed-pages.js";
import { drawnBytes, sealText, usualSpacing } from "#owner/seal/seal.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { QUICKNET, roundAt, timeOfRound } from "#shared/chain/timelock/beacon.js";
import { signPulse } from "#shared/chain/timelock/pulse.js";
import { sealedTextSchema } from "#shared/protocol/expert-group.js";
import { envelopeHash, roundOf } from "#shared/protocol/sealed-text.js";
import { envelopeReader, openEnvelope } from "#shared/replay/evaluation-text.js";
import { publicBeacon } from "#shared/simulators/devchain/beacon.js";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { run } from "#tests/programs/process.js";
import { smallNetwork } from "#tests/programs/small-network.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";

const seed = "0b".repeat(32);
const beacon = publicBeacon({ seed, genesisTime: 0, period: 3 });

describe("sealing", () => {
  it("puts every document into one envelope, each with the least it should have", async (t) => {
    const store = directoryStore(temporaryFolder(t));
    const documents = ["aaaa", "bb", "cc", "d", "eeeeeeee", "f", "g"];
    const progress: string[] = [];
    const sealed = await sealText(store, {
      documents,
      beacon,
      firstRound: 9,
      spacing: 4,
      envelopeBytes: 4,
      onEnvelope: (done, total) => progress.push(`${done}/${total}`),
    });
    assert.equal(sealed.envelopes, 3);
    assert.deepEqual(progress, ["1/3", "2/3", "3/3"]);
    const fetch = async ({ hash }: { readonly hash: string }) => (await store.get(hash))!;
    const read = await envelopeReader({ fetch }, sealed);
    const opened: (readonly string[])[] = [];
    for (let envelope = 0; envelope < 3; envelope++) {
      const signature = signPulse(Buffer.from(seed, "hex"), roundOf(sealed, envelope));
      opened.push(openEnvelope(await read(envelope), { sealed, envelope, signature }));
    }
    assert.deepEqual(opened, [["aaaa"], ["bb", "cc"], ["d", "eeeeeeee", "f", "g"]]);
  });

  it("refuses less than an envelope's text, and more than one may hold", async (t) => {
    const store = directoryStore(temporaryFolder(t));
    const common = { beacon, firstRound: 1, spacing: 1 };
    await assert.rejects(sealText(store, { ...common, documents: ["x"], envelopeBytes: 2 }), {
      code: "SEAL_TOO_LITTLE",
      hint: "give more text, or a smaller --envelope",
    });
    const long = "x".repeat(2 ** 22);
    await assert.rejects(sealText(store, { ...common, documents: [long], envelopeBytes: 2 }), {
      code: "SEAL_TOO_LARGE",
      hint: "give a smaller --envelope, or split the longest documents",
    });
  });

  it("knows what an evaluation draws and how far apart envelopes may be", () => {
    assert.equal(drawnBytes(smallNetwork), 2 * 2 * 17);
    // Four blocks of 12 s are 16 rounds of quicknet.
    assert.equal(usualSpacing(smallNetwork, QUICKNET, 12), 8);
  });
});

describe("a localnet's sealed pages", () => {
  const phases = { distribute: 1, train: 1, commit: 1, reveal: 40, evaluate: 1, exchange: 1, choose: 1, merge: 1 };
  const network = { ...smallNetwork, phases };
  const sealing = { beacon, cycles: 1, blockTime: 60_000, onEnvelope: () => {} };

  it("last until its cycles are over, for groups whose own pages have no end", async (t) => {
    const store = directoryStore(temporaryFolder(t));
    const begun = Date.now();
    const { groups } = await sealPages(store, network, sealing);
    assert.equal(groups.prose!.sealed, undefined);
    const { sealed } = groups.math!;
    assert.ok(sealed);
    assert.ok(timeOfRound(sealed.first_round, beacon) > begun - 60_000);
    assert.equal(sealed.spacing * beacon.period, (40 * 60) / 2);
    assert.ok(sealed.envelopes * sealed.spacing * beacon.period >= 2 * 45 * 60);
  });

  it("are refused where none would open in time, or no group has any", async (t) => {
    const store = directoryStore(temporaryFolder(t));
    const unsealable = { code: "LOCALNET_UNSEALABLE" };
    await assert.rejects(sealPages(store, network, { ...sealing, blockTime: 100 }), unsealable);
    const groups = { prose: network.groups.prose! };
    await assert.rejects(sealPages(store, { ...network, groups }, sealing), unsealable);
  });
});

describe("blockzero seal", { timeout: HANG_GUARD }, () => {
  it("seals a file and prints what the network file needs", async (t) => {
    const cwd = temporaryFolder(t);
    const { document } = openArithmetic();
    const write = (name: string, texts: readonly string[]) =>
      writeFileSync(join(cwd, name), texts.map((text) => `${JSON.stringify({ text })}\n`).join(""));
    writeFileSync(join(cwd, "template.yaml"), stringify(smallNetwork));
    write(
      "held-back.jsonl",
      Array.from({ length: 4 }, (_, i) => document(i)),
    );
    write("public.jsonl", [document(1), openMobyDick().document(3)]);
    const seal = (file: string, out: string, ...more: string[]) => {
      const args = ["seal", file, "--network", "template.yaml", "--out", out, "--group", "math", ...more];
      return run("blockzero", args, { cwd });
    };

    const { status, stdout, stderr } = await seal("held-back.jsonl", "genesis", "--opens", "2030-01-01T00:00:00Z");
    assert.equal(status, 0, stderr);
    const sealed = sealedTextSchema.parse(parse(stdout.slice(stdout.indexOf("sealed:"))).sealed);
    assert.deepEqual([sealed.envelopes, sealed.spacing, sealed.beacon.public_key], [4, 8, QUICKNET.publicKey]);
    const from = Date.parse("2030-01-01T00:00:00Z");
    assert.equal(sealed.first_round, roundAt(from, QUICKNET) + 1);
    assert.ok(timeOfRound(sealed.first_round, QUICKNET) > from);
    assert.ok(await directoryStore(join(cwd, "genesis", "blobs")).has(sealed.index));
    assert.match(stdout, /^last opens +2030-01-01T00:01:/m);

    const check = {
      ...smallNetwork,
      groups: { ...smallNetwork.groups, math: { ...smallNetwork.groups.math!, sealed } },
    };
    writeFileSync(join(cwd, "sealed.yaml"), stringify(check));
    const checked = await run("blockzero", ["network", "check", "sealed.yaml"], { cwd });
    assert.match(checked.stdout, /^sealed math +until 2030-01-01T00:01:/m, checked.stderr);

    const made = await run("blockzero", ["genesis", "--network", "sealed.yaml", "--out", "genesis", "--steps", "1"], {
      cwd,
    });
    assert.equal(made.status, 0, made.stderr);
    const reachable = ["--listen.public_url", "https://owner.example.org"];
    const publish = () =>
      run("blockzero", ["publish", "--home", "genesis", "--wallet.path", "none", ...reachable], { cwd });
    assert.match((await publish()).stderr, /✖ WALLET_/, "all of its files are there");
    const store = directoryStore(join(cwd, "genesis", "blobs"));
    const last = envelopeHash((await store.get(sealed.index))!, sealed.envelopes - 1);
    rmSync(join(cwd, "genesis", "blobs", last.slice(0, 2), last));
    assert.match((await publish()).stderr, /✖ GENESIS_INCOMPLETE genesis lacks the sealed text of group math/);

    const [wide, slow, known, lost] = await Promise.all([
      seal("held-back.jsonl", "wide", "--spacing", "17"),
      seal("held-back.jsonl", "slow", "--block-time", "0.5"),
      seal("public.jsonl", "known"),
      seal("held-back.jsonl", "lost", "--group", "mth"),
    ]);
    assert.equal(
      wide.stderr,
      "✖ SEAL_TOO_SPARSE an envelope would open every 51 s, but a reveal phase lasts 48 s: in some cycles none would → give a --spacing of at most 16, or correct --block-time\n",
    );
    assert.match(slow.stderr, /✖ SEAL_TOO_SPARSE .+ must last for a round of 3 s at least: make it longer/);
    assert.deepEqual([wide.status, existsSync(join(cwd, "wide", "blobs"))], [2, false], "nothing is sealed");
    assert.match(known.stderr, /✖ SEAL_PUBLIC 1 of the documents/);
    assert.match(lost.stderr, /✖ GROUP_UNKNOWN/);
  });

  it("takes the pace of the devchain whose beacon it follows", async (t) => {
    const cwd = temporaryFolder(t);
    let now = Date.now() - 3_600_000;
    const devchain = await startDevchain({
      home: join(cwd, "chain"),
      genesis: { sudo: (await signerFromUri("//Alice")).address, drand: { seed, genesisTime: 0, period: 3 } },
      port: 0,
      blockTimeMs: 0,
      clock: { now: () => now, after: () => () => {} },
    });
    t.after(() => devchain.close());
    writeFileSync(join(cwd, "template.yaml"), stringify(smallNetwork));
    const { document } = openArithmetic();
    writeFileSync(join(cwd, "held-back.jsonl"), `${JSON.stringify({ text: document(0) })}\n`);
    const seal = (...more: string[]) => {
      const args = ["seal", "held-back.jsonl", "--network", "template.yaml", "--group", "math", "--out", "genesis"];
      return run("blockzero", [...args, "--beacon", devchain.endpoint, "--envelope", "1", ...more], { cwd });
    };
    assert.match((await seal()).stderr, /^✖ BLOCK_TIME_UNKNOWN .+ → say it with --block-time\n$/);
    // One slot was skipped.
    for (const slots of [1, 1, 2, 1, 1]) {
      now += 6000 * slots;
      devchain.newBlocks(1);
    }
    const [measured, said] = await Promise.all([seal(), seal("--block-time", "12", "--out", "other")]);
    for (const [ended, spacing] of [
      [measured, 4],
      [said, 8],
    ] as const) {
      assert.equal(ended.status, 0, ended.stderr);
      assert.match(ended.stdout, new RegExp(`^ +spacing: ${spacing}$`, "m"));
    }
  });
});
