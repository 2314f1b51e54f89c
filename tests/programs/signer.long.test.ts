import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { parseRecord } from "#shared/protocol/records.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { NETUID } from "#tests/support/micro-network.js";
import { startSubnet } from "./live-subnet.js";

/** A signer is back within each phase in which something is to be signed. */
const PHASES = { distribute: 4, train: 8, commit: 16, reveal: 4, evaluate: 24, exchange: 8, choose: 20, merge: 8 };

interface Entry {
  readonly family: string;
  readonly cycle: number;
  readonly part: string;
  readonly content: string;
}

const entriesOf = (file: string): readonly Entry[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .slice(1, -1)
    .map((line) => JSON.parse(line));

/** The kinds of what was signed for a cycle. */
const signedFor = (entries: readonly Entry[], cycle: number): ReadonlySet<string> =>
  new Set(entries.filter((entry) => entry.cycle === cycle).map(({ family }) => family.split("/").at(-1)!));

test("owner, miner and validator of a living subnet sign elsewhere, also when their signers were killed", {
  timeout: HANG_GUARD,
}, async (t) => {
  const players = ["owner", "validator", "ann"] as const;
  const subnet = await startSubnet(t, { elsewhere: players, blockMs: 300, phases: PHASES });
  const { running, signers, endpoint, pace } = subnet;
  const hotkeys = join(subnet.wallets, "demo", "hotkeys");
  assert.deepEqual(readdirSync(hotkeys).sort(), [
    "annpub.txt",
    "bob",
    "bobpub.txt",
    "ownerpub.txt",
    "validatorpub.txt",
  ]);

  const done = [
    ...["committed", "revealed", "scored"].map((said) => [running.ann, said] as const),
    ...["reported", "exchanged reports", "voted", "published model"].map((said) => [running.validator, said] as const),
  ];
  const first = await pace.cycleOf(done);
  for (const player of ["ann", "validator"] as const) await signers.get(player)!.stop("SIGKILL");
  // The update of the next cycle is to be signed.
  await running.ann.said(/the signer does not sign/);
  for (const player of ["ann", "validator"] as const) await subnet.startSigner(player);
  const second = await pace.cycleOf(done, first);

  for (const player of players.slice(1)) {
    const entries = entriesOf(subnet.signed(player));
    const said = new Map<string, string>();
    for (const { family, cycle, part, content } of entries) {
      const place = `${family} ${cycle} ${part}`;
      assert.equal(said.get(place) ?? content, content, `two of ${place}`);
      said.set(place, content);
    }
    const kinds = signedFor(entries, second);
    const due = player === "ann" ? ["commit", "reveal"] : ["report", "held", "ballot", "model"];
    for (const kind of due) assert.ok(kinds.has(kind), `${player} signed ${[...kinds]} for cycle ${second}`);
  }
  const chain = await connectDevchain({ endpoint });
  t.after(() => chain.close());
  const records = (await chain.commitments(NETUID)).map(({ data }) => parseRecord(data));
  assert.ok(records.every(({ ok }) => ok));
  for (const player of ["ann", "validator"] as const) {
    const { stdout, stderr } = await running[player].stop();
    assert.doesNotMatch(stdout + stderr, /SIGNER_CONFLICT|SIGNER_REFUSED/);
  }
});
