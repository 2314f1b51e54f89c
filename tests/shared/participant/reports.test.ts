import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectReports } from "#shared/participant/reports.js";
import { canonicalBytes } from "#shared/protocol/network.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { Report } from "#shared/protocol/report.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { reportOf, reportRecord } from "../../support/reports.js";
import { openSubnet, until } from "../../support/subnet.js";

const open = async (...args: Parameters<typeof openSubnet>) => {
  const subnet = await openSubnet(...args);
  const reader = await subnet.join("ann");
  const put = async (name: string) => {
    const report = reportOf(subnet, name);
    await subnet.store.put(canonicalBytes(report));
    return report;
  };
  const collected = async () => (await collectReports(reader, 1)).reports.map(({ validator }) => validator).sort();
  const leftOut = () =>
    reader.lines.flatMap(({ message, fields }) => (message === "report left out" ? [fields.reason] : []));
  return { subnet, reader, put, collected, leftOut };
};

describe("collectReports", { timeout: HANG_GUARD }, () => {
  it("reads what permitted validators committed in the evaluate phase, with the stake of its last block", async (t) => {
    const { subnet, reader, put, collected, leftOut } = await open(t, {
      validators: { vera: 2000, vito: 3000, poor: 900 },
    });
    const { start, end } = subnet.window(1, "evaluate");
    const [vera, vito, poor, bob] = await Promise.all(["vera", "vito", "poor", "bob"].map((name) => put(name)));
    await subnet.to(start - 1);
    await subnet.record({
      vera: reportRecord(subnet, vera!),
      poor: reportRecord(subnet, poor!),
      bob: reportRecord(subnet, bob!),
    });
    await subnet.to(end - 2);
    await subnet.record({ vito: reportRecord(subnet, vito!) });
    await subnet.to(end);
    const addresses = ["vera", "vito"].map((name) => subnet.signer(name).address);
    assert.deepEqual(await collected(), addresses.sort());
    const { stakes } = await collectReports(reader, 1);
    assert.deepEqual([...stakes.keys()].sort(), addresses.sort());
    assert.ok(stakes.get(subnet.signer("vito").address)! >= 3000n * 10n ** 9n);
    assert.deepEqual(leftOut(), []);
  });

  it("leaves out a report one block early or late", async (t) => {
    const { subnet, put, collected } = await open(t);
    const { start, end } = subnet.window(1, "evaluate");
    await subnet.to(start - 2);
    await subnet.record({ vera: reportRecord(subnet, await put("vera")) });
    await subnet.to(end - 1);
    await subnet.record({ vito: reportRecord(subnet, await put("vito")) });
    assert.deepEqual(await collected(), []);
  });

  it("leaves out what is of another cycle or network", async (t) => {
    const { subnet, put, collected } = await open(t);
    const { start, end } = subnet.window(1, "evaluate");
    await subnet.to(start - 1);
    await subnet.record({
      vera: reportRecord(subnet, await put("vera"), { cycle: 2 }),
      vito: reportRecord(subnet, await put("vito"), { network: "00000000" }),
    });
    await subnet.to(end);
    assert.deepEqual(await collected(), []);
  });

  it("leaves out a report that someone else wrote, or whose signature is wrong, and says so", async (t) => {
    const { subnet, put, collected, leftOut } = await open(t);
    const { start, end } = subnet.window(1, "evaluate");
    const vito = await put("vito");
    const forged: Report = { ...vito, baseline: { math: { loss: 2, batches: 2 } } };
    await subnet.store.put(canonicalBytes(forged));
    await subnet.to(start - 1);
    // Vera commits to Vito's report as her own; Vito commits to bytes that he did not sign.
    await subnet.record({ vera: reportRecord(subnet, vito), vito: reportRecord(subnet, forged) });
    await subnet.to(end);
    assert.deepEqual(await collected(), []);
    assert.deepEqual(leftOut(), ["not signed by its hotkey", "not signed by its hotkey"]);
  });

  it("leaves out a report that cannot be had or read, and keeps the others", async (t) => {
    const { subnet, put, collected, leftOut } = await open(t, { validators: { vera: 2000, vito: 2000, vlad: 2000 } });
    const { start, end } = subnet.window(1, "evaluate");
    const junk = await subnet.store.put(new TextEncoder().encode('{"kind":"report"}'));
    await subnet.to(start - 1);
    await subnet.record({
      vera: reportRecord(subnet, reportOf(subnet, "vera"), { location: "http://127.0.0.1:1" }),
      vito: reportRecord(subnet, await put("vito")),
      vlad: encodeRecord({
        type: "report",
        network: shortHash(subnet.networkHash),
        cycle: 1,
        report: junk,
        location: subnet.location,
      }),
    });
    await subnet.to(end);
    // Who does not answer is asked again for a third of the merge phase.
    const reports = collected();
    await until(t, () => leftOut().length === 1);
    await subnet.to(end + 2);
    assert.deepEqual(await reports, [subnet.signer("vito").address]);
    assert.equal(leftOut().length, 2);
    assert.ok(leftOut().every((reason) => typeof reason === "string" && reason !== ""));
  });
});
