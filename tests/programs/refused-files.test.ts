import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { decodeTimelockPayload } from "#shared/chain/weights/payload.js";
import { u16s, u64 } from "#shared/chain/weights/scale.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { coded } from "../support/coded.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { openSubnet } from "../support/subnet.js";
import { run } from "./process.js";

describe("files that a command cannot take are named with what is wrong", { timeout: HANG_GUARD }, () => {
  const calls: readonly (readonly [code: string, args: readonly string[]])[] = [
    ["NETWORK_TEMPLATE_MALFORMED", ["subnet", "create", "--network", "broken.yaml"]],
    ["SCENARIO_MISSING", ["rewards", "simulate", "--scenario", "nowhere.yaml"]],
    ["SCENARIO_MALFORMED", ["rewards", "simulate", "--scenario", "broken.yaml"]],
    ["FILE_UNWRITABLE", ["rewards", "simulate", "--html", "nowhere/r.html"]],
    ["FILE_UNWRITABLE", ["rewards", "tune", "--sweep", "curve=top-n", "--json", "empty"]],
    ["FILE_UNWRITABLE", ["compute", "simulate", "--json", "file/below"]],
    ["HOME_WITHOUT_CHAIN", ["audit", "--home", "empty"]],
    ["WALLET_UNWRITABLE", ["wallet", "create", "--no-coldkey", "--wallet.path", "file/below"]],
  ];
  for (const [code, args] of calls)
    it(`blockzero ${args.slice(0, 2).join(" ")}: ${code}`, async (t) => {
      const cwd = temporaryFolder(t);
      writeFileSync(join(cwd, "broken.yaml"), "a: [1\nb: }\n");
      writeFileSync(join(cwd, "file"), "");
      mkdirSync(join(cwd, "empty"));
      const { status, stdout, stderr } = await run("blockzero", args, { cwd });
      assert.match(stderr, new RegExp(`^✖ ${code} .+ → .+`, "m"));
      assert.equal(stdout, "", "before any work");
      assert.equal(status, 2);
    });
});

it("bytes that are no weights are refused", () => {
  assert.throws(
    () => decodeTimelockPayload(new Uint8Array([8, 1]), "legacy"),
    coded("SCALE_MALFORMED", /ends too early$/),
  );
  const payload = Buffer.concat([u16s([1, 2]), u16s([1]), u64(0)]);
  assert.throws(() => decodeTimelockPayload(payload, "legacy"), coded("WEIGHTS_PAYLOAD_MALFORMED", /one value a uid$/));
});

it("a subnet's owner cannot take part with the owner's hotkey", { timeout: HANG_GUARD }, async (t) => {
  const subnet = await openSubnet(t);
  await assert.rejects(subnet.join("owner"), coded("OWNER_HOTKEY", /names the network file$/));
});
