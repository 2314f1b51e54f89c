import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { parseRecord } from "#shared/protocol/records.js";
import { NETUID } from "#tests/support/micro-network.js";
import { startSubnet } from "./live-subnet.js";

/** Two cycles of real programs on a busy machine. */
const LONGEST_MS = 900_000;

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
  timeout: LONGEST_MS,
}, async (t) => {
  const players = ["owner", "validator", "ann"] as const;
  const subnet = await startSubnet(t, { elsewhere: players, blockMs: 500, phases: PHASES });
  const { running, signers, endpoint } = subnet;
  const hotkeys = join(subnet.wallets, "demo", "hotkeys");
  assert.deepEqual(readdirSync(hotkeys).sort(), [
    "annpub.txt",
    "bob",
    "bobpub.txt",
    "ownerpub.txt",
    "validatorpub.txt",
  ]);

  const [, first] = await running.ann.said(/ scored {2}cycle=(\d+)/);
  await running.validator.said(new RegExp(` published model {2}cycle=${first} `));
  for (const player of ["ann", "validator"] as const) await signers.get(player)!.stop("SIGKILL");
  // The update of the next cycle is to be signed.
  await running.ann.said(/the signer does not sign/);
  for (const player of ["ann", "validator"] as const) await subnet.startSigner(player);
  const later = new RegExp(` scored {2}cycle=(?!${first}\\b)(\\d+)`);
  const [, second] = await running.ann.said(later);
  await running.validator.said(new RegExp(` published model {2}cycle=${second} `));

  for (const player of players.slice(1)) {
    const entries = entriesOf(subnet.signed(player));
    const said = new Map<string, string>();
    for (const { family, cycle, part, content } of entries) {
      const place = `${family} ${cycle} ${part}`;
      assert.equal(said.get(place) ?? content, content, `two of ${place}`);
      said.set(place, content);
    }
    const kinds = signedFor(entries, Number(second));
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
