import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { signerFromUri } from "#shared/wallet/index.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { run, startFor } from "./process.js";

const TOKEN = 1_000_000_000n;
const NETUID = 3;

/** A devchain with one subnet that registration costs 2 tokens on. */
const setUp = async (t: TestContext) => {
  const cwd = mkdtempSync(join(tmpdir(), "blockzero-"));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const [sudo, owner] = await Promise.all([signerFromUri("//Alice"), signerFromUri("//Owner")]);
  const serve = async (balances: Record<string, string>) => {
    const burn = String(2n * TOKEN);
    const hyperParameters = { tempo: 19, burn, minBurn: burn, weightsRateLimit: 7 };
    const subnets = [{ netuid: NETUID, ownerHotkey: owner.address, hyperParameters }];
    writeFileSync(join(cwd, "chain.json"), JSON.stringify({ sudo: sudo.address, balances, subnets }));
    const args = ["devchain", "--home", "chain", "--genesis", "chain.json", "--port", "0", "--block-time", "120"];
    const [, endpoint] = await startFor(t, "blockzero", args, { cwd }).said(/^endpoint +(ws:\S+)$/m);
    return endpoint!;
  };
  let endpoint = "";
  const blockzero = (command: string) => {
    const env = {
      BLOCKZERO_CHAIN_ENDPOINT: endpoint,
      BLOCKZERO_NETUID: String(NETUID),
      BLOCKZERO_WALLET_PATH: "wallets",
      BLOCKZERO_WALLET_NAME: "demo",
      BLOCKZERO_WALLET_HOTKEY: "miner",
    };
    return run("blockzero", command.split(" "), { cwd, env });
  };
  const said = async (command: string) => {
    const { status, stdout, stderr } = await blockzero(command);
    assert.equal(status, 0, `${command}: ${stderr}`);
    return stdout;
  };
  const refused = async (command: string) => {
    const { status, stderr } = await blockzero(command);
    assert.equal(status, 2, stderr);
    return stderr.trimEnd();
  };
  return {
    owner,
    doctor: (options: string) => blockzero(`doctor ${options}`),
    said,
    refused,
    serve: async (balances: Record<string, string>) => {
      endpoint = await serve(balances);
    },
  };
};

test("a coldkey pays for its hotkey, and the subnet can be looked at", { timeout: HANG_GUARD }, async (t) => {
  const { owner, doctor, said, refused, serve } = await setUp(t);
  const created = await said("wallet create --no-password");
  const coldkey = /^coldkey +(5\w{47})/m.exec(created)![1]!;
  const hotkey = /^address +(5\w{47})/m.exec(created)![1]!;
  await serve({ [coldkey]: String(5n * TOKEN) });

  const shown = await said("register --dry-run");
  assert.match(
    shown,
    new RegExp(`^hotkey +${hotkey}\ncoldkey +${coldkey}\nbalance +5 tokens\ncost +2 tokens\nsubnet +${NETUID}$`, "m"),
  );
  assert.match(
    shown,
    new RegExp(`^not sent +burnedRegister\nsigner +${coldkey}\nnonce +0\nhash +0x[0-9a-f]{64}\nbytes +\\{`, "m"),
  );
  assert.equal(JSON.parse(await said("metagraph --json")).neurons.length, 1);

  const { payment, notSent } = JSON.parse(await said("register --dry-run --json"));
  assert.deepEqual(payment, { coldkey, balance: String(5n * TOKEN), cost: String(2n * TOKEN) });
  assert.deepEqual([notSent[0].call.name, notSent[0].signer], ["burnedRegister", coldkey]);

  assert.match(await said("register"), /^balance +5 tokens\ncost +2 tokens\nsubnet +3\nuid +1$/m);
  assert.match(await said("register"), /^uid +1 \(registered already\)$/m);
  assert.deepEqual(JSON.parse(await said("register --json")), { hotkey, payment: null, netuid: NETUID, uid: 1 });

  const { neurons, ownerHotkey } = JSON.parse(await said("metagraph --json"));
  assert.equal(ownerHotkey, owner.address);
  assert.deepEqual([neurons[1].hotkey, neurons[1].coldkey, neurons[1].stake], [hotkey, coldkey, "0"]);
  const table = (await said("metagraph")).split("\n");
  assert.match(
    table[0]!,
    new RegExp(`^subnet ${NETUID} at block \\d+: 2 neurons, stake [\\d.]+, owner ${owner.address}$`),
  );
  assert.match(table[2]!, /^UID +STAKE .+ HOTKEY +COLDKEY$/);
  assert.match(table[4]!, new RegExp(`^ *1 +0\\.000 .+ none +${hotkey} +${coldkey}$`));

  const status = await said("chain status");
  assert.match(status, /^chain +devchain\n/m);
  assert.match(status, /^epoch +in \d+ blocks, at \d+; every 20 \(tempo 19\)$/m);
  assert.match(status, /^weights +in the clear; every 7 blocks, version 0$/m);
  assert.match(status, /^registration +open, [\d.]+ tokens? now$/m);
  assert.equal(JSON.parse(await said("chain status --json --netuid 9")).subnet, null);

  const checks = "endpoint,clock,wallet,registration,stake,network";
  const examined = await doctor(`--role miner --expert_group math --only ${checks} --json`);
  assert.equal(examined.status, 1);
  const { verdict, checks: found } = JSON.parse(examined.stdout);
  assert.equal(verdict, "failure");
  assert.deepEqual(
    // How soon the endpoint answers is the machine's matter.
    found.map(({ check, verdict }: { check: string; verdict: string }) => [check, verdict.replace("warning", "ok")]),
    Object.entries({ endpoint: "ok", clock: "ok", wallet: "ok", registration: "ok", stake: "ok", network: "failure" }),
  );
  assert.match(found[5].says, /^NETWORK_NOT_PUBLISHED /);
  assert.match((await doctor("--only endpoint --netuid 9")).stdout, /^✖ endpoint .+ subnet 9 does not exist there$/m);

  assert.match(
    await refused("metagraph --netuid 9"),
    /^✖ CHAIN_REJECTED SubNetworkDoesNotExist: .+ → check the netuid/,
  );
  assert.match(await refused("register --netuid 9"), /^✖ CHAIN_REJECTED SubNetworkDoesNotExist: /);
});

test("stake that is given to a hotkey is added to what it has", { timeout: HANG_GUARD }, async (t) => {
  const { said, serve } = await setUp(t);
  const coldkey = /^coldkey +(5\w{47})/m.exec(await said("wallet create --no-password"))![1]!;
  await serve({ [coldkey]: String(5n * TOKEN) });
  assert.match(await said("register --stake 1000"), /^uid +1\nstake +1000 tokens$/m);
  const { stake } = JSON.parse(await said("register --stake 10 --json"));
  assert.ok(BigInt(stake) >= 1010n * TOKEN, `${stake}: an epoch may have paid it meanwhile`);
  assert.ok(BigInt(JSON.parse(await said("metagraph --json")).neurons[1].stake) >= 1010n * TOKEN);
});

test("a coldkey without money is told what is missing", { timeout: HANG_GUARD }, async (t) => {
  const { said, refused, serve } = await setUp(t);
  await said("wallet create --no-password");
  await serve({});
  const expected = /^✖ NOT_ENOUGH_BALANCE 5\w{47} has 0 of the 2 tokens that registration costs → send the rest/;
  assert.match(await refused("register"), expected);
  assert.match(await refused("register --dry-run"), expected);
  const missing = await refused("localnet --chain subtensor");
  assert.match(missing, /^✖ RUNTIME_NEEDED --chain subtensor needs a runtime to run → /);
  assert.match(
    await refused("localnet --chain subtensor --runtime nowhere.wasm --weights hash"),
    /^✖ WEIGHTS_MODE_UNAVAILABLE --weights hash with --chain subtensor: .+ → give --weights timelock/,
  );
  assert.match(
    await refused("subtensor-node --runtime nowhere.wasm"),
    /^✖ RUNTIME_NOT_FOUND nowhere\.wasm: .+ → take the runtime/,
  );
});
