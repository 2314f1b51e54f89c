import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parse, stringify } from "yaml";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { run, startFor } from "./process.js";
import { smallNetwork } from "./small-network.js";

const page = (text: string) => `${JSON.stringify({ text: `${text} `.repeat(30) })}\n`;

test("an owner changes a number and adds text: publish says what that does, asks, and names the cycle", {
  timeout: HANG_GUARD,
}, async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), "blockzero-"));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  writeFileSync(join(cwd, "template.yaml"), stringify(smallNetwork));
  writeFileSync(join(cwd, "own.jsonl"), Array.from({ length: 60 }, (_, i) => page(`page ${i}`)).join(""));
  const chain = startFor(t, "blockzero", ["devchain", "--home", "chain", "--port", "0", "--block-time", "1000"], {
    cwd,
  });
  const [, endpoint] = await chain.said(/^endpoint +(ws:\S+)$/m);
  const env = {
    BLOCKZERO_CHAIN_ENDPOINT: endpoint!,
    BLOCKZERO_WALLET_PATH: "wallets",
    BLOCKZERO_WALLET_NAME: "demo",
    BLOCKZERO_ALLOW_PRIVATE_ADDRESSES: "true",
  };
  const place = { cwd, env };
  const blockzero = async (command: string): Promise<string> => {
    const { status, stdout, stderr } = await run("blockzero", command.split(" "), place);
    assert.equal(status, 0, `${command}: ${stderr}`);
    return stdout;
  };
  await blockzero("wallet create --no-coldkey --wallet.hotkey owner");
  await blockzero("subnet create --network template.yaml --wallet.hotkey owner");
  await blockzero("genesis --network template.yaml --out genesis --steps 1 --first-cycle 0");
  const publish = ["publish", "--home", "genesis", "--wallet.hotkey", "owner"];
  const first = startFor(t, "blockzero", publish, place);
  const [, former] = await first.said(/^hash +([0-9a-f]{64})$/m);
  await first.said(/^serving +http:/m);
  await first.stop();

  const file = join(cwd, "genesis/network.yaml");
  const network = parse(readFileSync(file, "utf8"));
  network.scoring.eval_batches = 3;
  network.groups.math.data = [{ kind: "jsonl", path: "../own.jsonl", weight: 1 }];
  writeFileSync(file, stringify(network));
  const refused = await run("blockzero", publish, place);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /^✖ CONFIRMATION_NEEDED .* → add --yes to go on$/m);
  assert.match(refused.stdout, /^ {2}scoring\.eval_batches: 2 → 3$/m);
  assert.match(refused.stdout, /^this change keeps the model, .* from cycle \d+ on/m);
  assert.equal(parse(readFileSync(file, "utf8")).succeeds, undefined, "nothing was changed");
  const second = startFor(t, "blockzero", [...publish, "--yes", "--from-cycle", "4000"], place);
  const [, hash] = await second.said(/^hash +([0-9a-f]{64})$/m);
  const changed = parse(readFileSync(file, "utf8"));
  assert.deepEqual([changed.first_cycle, changed.succeeds], [4000, { network: former, origin: former }]);
  assert.equal(changed.groups.math.data[0].path, undefined);
  assert.match(changed.groups.math.data[0].sha256, /^[0-9a-f]{64}$/);
  assert.match(await blockzero("network check genesis/network.yaml"), new RegExp(`^hash +${hash}$`, "m"));
  await second.stop();
  const again = startFor(t, "blockzero", publish, place);
  await again.said(/^serving +http:/m);
  await chain.stop();
  await again.said(/▲ publish +no connection to the chain, trying again/);
  const port = new URL(endpoint!).port;
  const restarted = ["devchain", "--home", "chain", "--port", port, "--block-time", "1000"];
  await startFor(t, "blockzero", restarted, { cwd }).said(/^endpoint +ws:/m);
  await again.said(/• publish +connected to the chain again/);
  await again.stop();

  const anew = { ...changed, model: { ...changed.model, rope_theta: 5000 } };
  writeFileSync(join(cwd, "anew.yaml"), stringify(anew));
  const differ = await run("blockzero", ["network", "diff", "genesis/network.yaml", "anew.yaml"], place);
  assert.equal(differ.status, 1);
  assert.match(differ.stdout, /^published, this change resets the model to genesis:\n {2}model: /m);
});
