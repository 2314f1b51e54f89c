import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { reportScore } from "#miner/feedback.js";
import { keepReceipt, receiptFile } from "#miner/receipts/keep-receipt.js";
import { outcomeOf, receiptProblem } from "#miner/receipts/verify-receipt.js";
import { amountText } from "#shared/cli/tokens.js";
import { collectReports } from "#shared/participant/reports.js";
import { mark } from "#shared/participant/writes/journal.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { MAX_RECEIPT_BYTES, parseReceipt, type Receipt } from "#shared/protocol/receipt.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { compiled } from "#tests/support/compiled.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { openMiner } from "#tests/support/miner.js";
import { publishReports, reportOf, reportRecord, scoredEntry } from "#tests/support/reports.js";
import { openSubnet } from "#tests/support/subnet.js";
import { forge, noiseUpdate, submit } from "#tests/support/updates.js";
import { localReceipt } from "../../support/local-signing.js";

const PROGRAM = compiled("miner/main.js");

const check = (file: string, ...more: readonly string[]) =>
  spawnSync(process.execPath, [PROGRAM, "receipt", "verify", file, ...more], { encoding: "utf8", timeout: HANG_GUARD });

describe("a miner's receipt", { timeout: HANG_GUARD }, () => {
  it("says what was committed, when, and what the validators said, and can be checked by anybody", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await openMiner(t, subnet, "ann", { receipts_keep: 1 });
    const former = receiptFile(ann.participant.home, 0);
    mkdirSync(dirname(former), { recursive: true });
    writeFileSync(former, "{}");
    const update = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) });
    const other = forge(subnet, { miner: "bob", tensors: noiseUpdate(subnet, "bob", 0.05) });
    await ann.participant.blobs.put(update.manifest);
    mark(ann, 1, { artifact: update.artifact });
    await submit(subnet, { ann: update, bob: other });
    const entries = [scoredEntry(update, 0.3)];
    await publishReports(subnet, {
      vera: reportOf(subnet, "vera", { entries }),
      vito: reportOf(subnet, "vito", { entries }),
    });
    await reportScore(ann, 1);

    assert.ok(!existsSync(former), "as many are kept as the setting says");
    const file = receiptFile(ann.participant.home, 1);
    const parsed = parseReceipt(readFileSync(file));
    assert.ok(parsed.ok);
    const receipt = parsed.value;
    assert.equal(receiptProblem(receipt), null);
    const { chain, commit, reveal, outcome, reports } = receipt;
    assert.equal(chain, subnet.chain.genesisHash);
    assert.deepEqual([commit.record, reveal.record], [update.commit, update.reveal]);
    assert.deepEqual(
      [commit.block, reveal.block],
      [subnet.window(1, "commit").start, subnet.window(1, "reveal").start],
    );
    assert.equal(commit.blockHash, await subnet.chain.blockHash(commit.block));
    assert.deepEqual([outcome?.verdict, outcome?.score, reports.length], ["scored", 0.3, 2]);

    const own = subnet.signer("ann");
    const { version: _, kind: __, hotkey: ___, signature: ____, ...fields } = receipt;
    const resigned = (change: Partial<typeof fields>): Receipt => localReceipt({ ...fields, ...change }, own);
    const [first, second] = reports;
    const report = { ...first!.report, baseline: {} };
    const refused: readonly (readonly [RegExp, Receipt])[] = [
      [/did not sign the receipt/, { ...receipt, uid: 9 }],
      [/did not sign the update/, localReceipt(fields, subnet.signer("bob"))],
      [/is not artifact/, resigned({ commit: { ...commit, record: other.commit } })],
      [/commit record is none/, resigned({ commit: { ...commit, record: update.reveal } })],
      [/what was revealed/, resigned({ reveal: { ...reveal, record: other.reveal } })],
      [/not in the commit phase/, resigned({ commit: { ...commit, block: reveal.block } })],
      [/not in the evaluate phase/, resigned({ reports: [{ ...first!, block: 1 }] })],
      [/did not sign its report/, resigned({ reports: [{ ...first!, report }] })],
      [/does not name its report/, resigned({ reports: [{ ...first!, record: second!.record }] })],
      [/had no vote/, resigned({ stakes: {} })],
      [/who is unheard, had no vote/, resigned({ unheard: [own.address] })],
      [/is unheard, though its report is here/, resigned({ unheard: [subnet.signer("vera").address] })],
      [/something else than the outcome/, resigned({ outcome: { ...outcome!, score: 0.4 } })],
      [/something else than the outcome/, resigned({ reports: [first!] })],
      [/made for cycle 1/, resigned({ cycle: 2 })],
      [/made for network/, resigned({ network: { ...receipt.network, name: "other" } })],
    ];
    for (const [problem, forged] of refused) assert.match(receiptProblem(forged) ?? "", problem);

    const good = check(file);
    assert.equal(good.status, 0, good.stderr);
    assert.match(
      good.stdout,
      /hold together\n[\s\S]+ scored, score 0.3, from 2 reports of 100.00 % of all stake, stakes as the miner says\n/,
    );
    const vera = subnet.signer("vera").address;
    assert.ok(
      good.stdout.includes(
        `  report    ${vera}: scored, score 0.3; stake ${amountText(BigInt(receipt.stakes[vera]!))}, 50.00 %\n`,
      ),
    );

    const facts = JSON.parse(check(file, "--json").stdout);
    assert.deepEqual([facts.valid, facts.uid, facts.outcome], [true, receipt.uid, receipt.outcome]);
    assert.deepEqual(
      facts.reports.map(({ validator, stake }: { validator: string; stake: string }) => [validator, stake]),
      receipt.reports.map(({ report }) => [report.validator, receipt.stakes[report.validator]]),
    );

    // Whom a miner calls a validator, and with what stake, no signature proves.
    const bob = subnet.signer("bob");
    const praise = reportOf(subnet, "bob", { entries: [scoredEntry(update, 7)] });
    const invented = {
      stakes: { [bob.address]: "1" },
      reports: [{ ...first!, record: reportRecord(subnet, praise), report: praise }],
    };
    const outcomeBought = outcomeOf({ ...receipt, ...invented });
    const bad = join(subnet.home, "bad.json");
    writeFileSync(bad, canonicalBytes(resigned({ ...invented, outcome: outcomeBought })));
    const bought = check(bad);
    assert.equal(bought.status, 0, bought.stderr);
    assert.ok(!/holds\b.*\n {2}update/.test(bought.stdout));
    assert.ok(
      bought.stdout.includes(`  report    ${bob.address}: scored, score 7; stake 0.000000001 tokens, 100.00 %\n`),
      bought.stdout,
    );
    assert.match(bought.stdout, /from 1 report of 100\.00 % of all stake, stakes as the miner says\n/);
    assert.match(
      bought.stdout,
      /only that chain confirms: .*records.*blocks.*validators.*stakes.*no report is left out\.\n$/,
    );

    for (const bytes of [
      canonicalBytes(refused[0]![1]),
      Buffer.from("{}"),
      Buffer.from(`${readFileSync(file, "utf8")}\n`),
    ]) {
      writeFileSync(bad, bytes);
      const { status, stderr } = check(bad);
      assert.equal(status, 2);
      assert.match(stderr, /^✖ RECEIPT_INVALID .+ → .+\n$/);
    }
    assert.equal(check(join(subnet.home, "none.json")).status, 2);

    // One who has reported, and another who is unheard, lost permit or stake before the exchange was over.
    const collected = await collectReports(ann.participant, 1);
    const stakes = new Map([...collected.stakes].filter(([hotkey]) => hotkey === vera));
    const kept = { cycle: 1, artifact: update.artifact, kept: 1 };
    await keepReceipt(ann.participant, kept, { ...collected, stakes, unheard: [bob.address] });
    const without = parseReceipt(readFileSync(file));
    assert.ok(without.ok);
    assert.equal(receiptProblem(without.value), null);
    assert.deepEqual(
      [without.value.reports.map((one) => one.report.validator), without.value.unheard, without.value.outcome?.score],
      [[vera], [], 0.3],
    );
  });

  it("is not looked for in a device, a pipe, or a file that is too large", (t) => {
    const folder = temporaryFolder(t);
    const [pipe, large] = [join(folder, "pipe"), join(folder, "large")];
    assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
    writeFileSync(large, "");
    truncateSync(large, MAX_RECEIPT_BYTES + 1);
    for (const [file, problem] of [
      ["/dev/zero", "cannot read /dev/zero: not a regular file"],
      [pipe, `cannot read ${pipe}: not a regular file`],
      [large, `${large} has ${MAX_RECEIPT_BYTES + 1} bytes, at most ${MAX_RECEIPT_BYTES} are read`],
    ] as const) {
      const { status, stderr } = check(file);
      assert.equal(status, 2, file);
      assert.ok(stderr.startsWith(`✖ RECEIPT_INVALID ${problem} → `), stderr);
    }
  });
});
