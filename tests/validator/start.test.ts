import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { ownHome } from "#shared/files/own-home.js";
import { encodeRecord, parseRecord, shortHash } from "#shared/protocol/records.js";
import { originOf } from "#shared/protocol/succession.js";
import type { ValidatorConfig } from "#validator/config.js";
import { runValidator } from "#validator/validator.js";
import { collectingLog } from "../shared/chain/support.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { NETUID } from "../support/micro-network.js";
import { type Living, openSubnet, until } from "../support/subnet.js";

/** A subnet in which nobody knows the model of cycle 3 any more, and a validator's home. */
const openForgetful = async (t: Living) => {
  const subnet = await openSubnet(t, { retention: 18 });
  const network = shortHash(subnet.networkHash);
  const held = encodeRecord({ type: "held", network, cycle: 2, held: [] });
  await subnet.to(subnet.window(2, "exchange").start);
  await subnet.record({ vera: held, vito: held });
  await subnet.to(subnet.window(3, "commit").start);
  const config = subnet.validatorConfig("vera");
  return { subnet, network, config, home: ownHome(config.checkpoint_dir, subnet.signer("vera").address, false) };
};

/** A validator's program that waits for a model. */
const startWaiting = async (t: Living, config: ValidatorConfig) => {
  const stop = new AbortController();
  const { log, lines } = collectingLog();
  const ended = runValidator(config, log, stop.signal);
  const isSaid = (message: string) => lines.some((line) => line.message.startsWith(message));
  await until(t, () => isSaid("waiting for a model"));
  const close = async () => {
    assert.ok(!isSaid("joined"));
    stop.abort();
    await ended;
  };
  return { isSaid, close };
};

it("a validator looks after committed weights while it waits for a model", { timeout: HANG_GUARD }, async (t) => {
  const { home, config } = await openForgetful(t);
  const commitment = {
    mode: "hash",
    key: "some",
    hash: "a".repeat(64),
    weights: [],
    salt: [],
    versionKey: 0,
    sendUntil: 1,
    committed: 1,
    reveal: { first: 2, last: 3 },
  };
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, `weights-${NETUID}.json`), JSON.stringify({ commitments: [commitment] }));

  const vera = await startWaiting(t, config);
  await until(t, () => vera.isSaid("committed weights were not revealed in time"));
  await vera.close();
});

it("a validator that has reported exchanges reports while it waits for a model", { timeout: HANG_GUARD }, async (t) => {
  const { subnet, network, home, config } = await openForgetful(t);
  const { location } = subnet;
  const report = encodeRecord({ type: "report", network, cycle: 3, report: "ab".repeat(32), location });
  await subnet.to(subnet.window(3, "evaluate").start);
  await subnet.record({ vera: report });
  const state = join(home, shortHash(originOf(subnet.network, subnet.networkHash)));
  mkdirSync(state, { recursive: true });
  const cycles = { 3: { report: "ab".repeat(32), reported: subnet.node.head.number } };
  writeFileSync(join(state, "validator.json"), JSON.stringify({ cycles }));
  await subnet.to(subnet.window(3, "exchange").start - 1);

  const vera = await startWaiting(t, config);
  await subnet.to(subnet.window(3, "exchange").start);
  await subnet.sent("vera", 3);
  await subnet.to(subnet.window(3, "exchange").start + 1);
  await until(t, () => vera.isSaid("exchanged reports"));
  await vera.close();
});

it("a validator that has signed its report puts it on chain while it waits for a model, and exchanges then", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { subnet, home, config } = await openForgetful(t);
  const state = join(home, shortHash(originOf(subnet.network, subnet.networkHash)));
  const report = "ab".repeat(32);
  mkdirSync(state, { recursive: true });
  writeFileSync(join(state, "validator.json"), JSON.stringify({ cycles: { 3: { report } } }));
  await subnet.to(subnet.window(3, "evaluate").start - 1);

  const vera = await startWaiting(t, config);
  await subnet.sent("vera", 2);
  await subnet.to(subnet.window(3, "evaluate").start);
  await until(t, () => vera.isSaid("reported"));
  const records = (await subnet.chain.commitments(NETUID)).map(({ data }) => parseRecord(data));
  assert.ok(records.some((one) => one.ok && one.value.type === "report" && one.value.report === report));
  await subnet.to(subnet.window(3, "exchange").start);
  await subnet.sent("vera", 3);
  await subnet.to(subnet.window(3, "exchange").start + 1);
  await until(t, () => vera.isSaid("exchanged reports"));
  await vera.close();
});

it("a validator that has made its ballot sends it while it waits for a model", { timeout: HANG_GUARD }, async (t) => {
  const { subnet, network, home, config } = await openForgetful(t);
  const votes = Object.keys(subnet.network.groups).map(() => ({ better: [1], best: 1 }));
  const ballot = encodeRecord({ type: "ballot", network, cycle: 3, votes });
  await subnet.to(subnet.window(3, "exchange").start);
  const held = encodeRecord({ type: "held", network, cycle: 3, held: [] });
  await subnet.record({ vera: held });
  const state = join(home, shortHash(originOf(subnet.network, subnet.networkHash)));
  mkdirSync(state, { recursive: true });
  writeFileSync(join(state, "validator.json"), JSON.stringify({ cycles: { 3: { ballot, ballotSeeds: null } } }));
  await subnet.to(subnet.window(3, "choose").start - 1);

  const vera = await startWaiting(t, config);
  await subnet.sent("vera", 3);
  await subnet.to(subnet.window(3, "choose").start);
  await until(t, () => vera.isSaid("voted"));
  const commitments = await subnet.chain.commitments(NETUID);
  assert.ok(commitments.some(({ data }) => data === ballot));
  await vera.close();
});
