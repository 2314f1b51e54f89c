import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parse, stringify } from "yaml";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { faultLines } from "#tests/support/lateness.js";
import { openPace } from "./pace.js";
import { type Program, run, startFor } from "./process.js";
import { smallNetwork } from "./small-network.js";

const BLOCK_MS = 200;

/** What docs/by-hand.md does, on a network of a few thousand parameters with fast blocks. */
const setUp = (t: TestContext) => {
  const cwd = mkdtempSync(join(tmpdir(), "blockzero-"));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  writeFileSync(join(cwd, "template.yaml"), stringify(smallNetwork));
  const surroundings = (endpoint: string) => ({
    cwd,
    env: {
      BLOCKZERO_CHAIN_ENDPOINT: endpoint,
      BLOCKZERO_WALLET_PATH: "wallets",
      BLOCKZERO_WALLET_NAME: "demo",
      BLOCKZERO_ALLOW_PRIVATE_ADDRESSES: "true",
      BLOCKZERO_THREADS: "1",
    },
  });
  const devchain = async () => {
    const args = ["devchain", "--home", "chain", "--port", "0", "--block-time", String(BLOCK_MS)];
    const running = startFor(t, "blockzero", args, { cwd });
    const [, endpoint] = await running.said(/^endpoint +(ws:\S+)$/m);
    const [, block] = await running.said(/^block +(\d+)$/m);
    const [, genesis] = await running.said(/^genesis +([0-9a-f]{64})$/m);
    return { running, endpoint: endpoint!, block: Number(block), genesis: genesis! };
  };
  return { cwd, surroundings, devchain };
};

const stopsCleanly = async (program: { stop(): Promise<{ status: number | null; stderr: string }> }) => {
  const { status, stderr } = await program.stop();
  assert.equal(status, 0, stderr);
  assert.deepEqual(faultLines(stderr), []);
};

test("a subnet is brought up by hand, a miner and a validator join, stop and join again", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { cwd, surroundings, devchain } = setUp(t);
  const chain = await devchain();
  const place = surroundings(chain.endpoint);
  const blockzero = async (command: string): Promise<string> => {
    const { status, stdout, stderr } = await run("blockzero", command.split(" "), place);
    assert.equal(status, 0, `${command}: ${stderr}`);
    return stdout;
  };

  const created = await Promise.all(
    ["owner", "validator", "math"].map((name) => blockzero(`wallet create --no-coldkey --wallet.hotkey ${name}`)),
  );
  for (const [i, name] of ["owner", "validator", "math"].entries()) {
    const { secretPhrase, secretSeed } = JSON.parse(readFileSync(join(cwd, "wallets/demo/hotkeys", name), "utf8"));
    assert.match(created[i]!, new RegExp(`^file +wallets/demo/hotkeys/${name}$`, "m"));
    assert.ok(!created[i]!.includes(secretPhrase) && !created[i]!.includes(secretSeed));
  }
  const listed = (await blockzero("wallet list")).trimEnd().split("\n");
  assert.deepEqual(
    listed.map((line) => /^\W*(\w+)/.exec(line)?.[1]),
    ["wallets", "demo", "math", "owner", "validator"],
  );

  assert.match(
    await blockzero("subnet create --network template.yaml --wallet.hotkey owner"),
    /^epoch +every 60 blocks$/m,
  );
  const repeated = await blockzero("subnet create --network template.yaml --wallet.hotkey owner --json");
  const { created: isNew, epochLength } = JSON.parse(repeated);
  assert.deepEqual([isNew, epochLength], [false, 60]);
  assert.match(await blockzero("register --wallet.hotkey validator --stake 10000"), /^uid +1\nstake +10000 tokens$/m);
  assert.match(await blockzero("register --wallet.hotkey math"), /^uid +2$/m);
  assert.match(await blockzero("register --wallet.hotkey math"), /^uid +2 \(registered already\)$/m);

  const made = await blockzero(
    `genesis --network template.yaml --out genesis --steps 2 --first-cycle auto --beacon ${chain.endpoint}`,
  );
  assert.match(made, /^seeds +the beacon's pulses$/m);
  for (const group of ["math", "prose"])
    assert.match(made, new RegExp(`^val_loss ${group} +\\d\\.\\d{4} nats, val_bpb \\d\\.\\d{4}$`, "m"));
  const [, hash] = /^network hash +([0-9a-f]{64})$/m.exec(made) ?? [];
  const network = parse(readFileSync(join(cwd, "genesis/network.yaml"), "utf8"));
  assert.ok(network.first_cycle > 0);
  assert.match(await blockzero("network check genesis/network.yaml"), new RegExp(`^hash +${hash}$`, "m"));
  const { status, stdout } = await run(
    "blockzero",
    ["network", "diff", "template.yaml", "genesis/network.yaml"],
    place,
  );
  assert.equal(status, 1);
  assert.match(stdout, /^first_cycle: 0 → \d+$/m);
  const diff = await run("blockzero", ["network", "diff", "template.yaml", "genesis/network.yaml", "--json"], place);
  assert.equal(diff.status, 1);
  const { differences, change } = JSON.parse(diff.stdout);
  assert.ok(
    differences.some(({ field, left }: { field: string; left: number }) => field === "first_cycle" && left === 0),
  );
  assert.equal(change, null, "a template publishes nothing");

  const publish = startFor(t, "blockzero", ["publish", "--home", "genesis", "--wallet.hotkey", "owner"], place);
  await publish.said(/^serving +http:/m);
  const { block, cycle, phase } = JSON.parse(await blockzero("phase --json"));
  const again = `phase --block ${block} --network genesis/network.yaml --json`;
  assert.deepEqual(JSON.parse(await blockzero(again)), JSON.parse(await blockzero(again)));
  assert.match(await blockzero(again), new RegExp(`"cycle":${cycle},"phase":"${phase}"`));

  const participant = (program: Program, hotkey: string, ...more: string[]) =>
    startFor(t, program, ["--wallet.hotkey", hotkey, "--checkpoint_dir", `checkpoints/${hotkey}`, ...more], place);
  const validator = participant("blockzero-validator", "validator");
  const mine = () => participant("blockzero-miner", "math", "--expert_group", "math", "--warmup_steps", "1");
  const miner = mine();
  await Promise.all([validator.said(/joined .*uid=1 /), miner.said(/joined .*uid=2 /)]);
  await miner.said(/ training {2}cycle=\d+ group=math /);
  await stopsCleanly(miner);

  const second = mine();
  await second.said(/ training {2}cycle=\d+ group=math /);
  const pace = await openPace(t, { endpoint: chain.endpoint, phases: smallNetwork.phases, blockMs: BLOCK_MS });
  await pace.cycleOf([[second, "committed"]]);
  await Promise.all([stopsCleanly(second), stopsCleanly(validator), stopsCleanly(publish)]);
  await stopsCleanly(chain.running);

  const resumed = await devchain();
  assert.equal(resumed.genesis, chain.genesis);
  assert.ok(resumed.block > block);
  await stopsCleanly(resumed.running);
});
