import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { ownHome } from "#shared/files/own-home.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { runValidator } from "#validator/validator.js";
import { collectingLog } from "../shared/chain/support.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { NETUID } from "../support/micro-network.js";
import { openSubnet, until } from "../support/subnet.js";

it("a validator looks after committed weights while it waits for a model", { timeout: HANG_GUARD }, async (t) => {
  const subnet = await openSubnet(t, { retention: 18 });
  const held = encodeRecord({ type: "held", network: shortHash(subnet.networkHash), cycle: 2, held: [] });
  await subnet.to(subnet.window(2, "exchange").start);
  await subnet.record({ vera: held, vito: held });
  await subnet.to(subnet.window(3, "commit").start);

  const config = subnet.validatorConfig("vera");
  const home = ownHome(config.checkpoint_dir, subnet.signer("vera").address, false);
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

  const stop = new AbortController();
  const { log, lines } = collectingLog();
  const ended = runValidator(config, log, stop.signal);
  const isSaid = (message: string) => lines.some((line) => line.message.startsWith(message));
  await until(t, () => isSaid("waiting for a model"));
  await until(t, () => isSaid("committed weights were not revealed in time"));
  assert.ok(!isSaid("joined"));
  stop.abort();
  await ended;
});
