import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { drandBeacon, roundAt, timeOfRound } from "#shared/chain/timelock/beacon.js";
import { BlockZeroError, type ErrorCode } from "#shared/errors/error.js";
import { evaluationBatches } from "#shared/evaluation/loss-meter.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import type { Participant } from "#shared/participant/participant.js";
import { cycleLength } from "#shared/protocol/phases.js";
import { envelopeHash, envelopeOf, roundOf } from "#shared/protocol/sealed-text.js";
import { envelopeReader, openEvaluationText } from "#shared/replay/evaluation-text.js";
import { mean } from "#shared/util/mean.js";
import { judgeCycle } from "#validator/judge/judge.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { parameters } from "../../support/micro-network.js";
import { sealedPages } from "../../support/sealed-pages.js";
import { openSubnet, until } from "../../support/subnet.js";
import { forge, noiseUpdate, submit } from "../../support/updates.js";
import { openMeter } from "../../support/validator.js";

/** More than until the evaluation of cycle 1 begins: a round a block, an envelope for two. */
const ENOUGH = 10;

const open = async (t: TestContext, envelopes: number) => {
  const subnet = await openSubnet(t, { sealed: sealedPages(envelopes) });
  const vera = await subnet.join("vera");
  const meter = await openMeter(t, subnet);
  const forged = {
    ann: forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) }),
    bob: forge(subnet, { miner: "bob", group: "prose", tensors: noiseUpdate(subnet, "bob", 0.05, "prose") }),
  };
  await submit(subnet, forged);
  const evaluate = subnet.window(1, "evaluate");
  const judge = async (participant: Participant = vera) => {
    const judged = judgeCycle(participant, meter, 1);
    judged.catch(() => {});
    await subnet.to(evaluate.start);
    return judged;
  };
  return { subnet, vera, meter, evaluate, judge, sealed: subnet.network.groups.math!.sealed! };
};

describe("a group with sealed text", { timeout: HANG_GUARD }, () => {
  it("is evaluated on the envelope that opened after commits had closed, and on nothing public", async (t) => {
    const { subnet, vera, meter, evaluate, judge, sealed } = await open(t, ENOUGH);
    const report = await judge();
    const source = cycleSource(vera);
    const text = await openEvaluationText(source, { group: "math", cycle: 1 });
    assert.ok(text);
    assert.equal(await openEvaluationText(source, { group: "prose", cycle: 1 }), null);

    const opens = timeOfRound(roundOf(sealed, text.envelope), drandBeacon(sealed.beacon));
    assert.ok(opens > (await subnet.chain.timestamp(subnet.window(1, "commit").end)));
    assert.ok(opens <= (await subnet.chain.timestamp(evaluate.start)));
    assert.equal(text.left, sealed.envelopes - 1 - text.envelope);
    const closing = subnet.window(1, "commit").end;
    assert.equal(await subnet.chain.pulse(roundOf(sealed, text.envelope), closing), null, "nobody could read it");

    for (const [group, miner, documents] of [
      ["math", "ann", text.documents],
      ["prose", "bob", null],
    ] as const) {
      const { loss, batches } = report.baseline[group]!;
      const drawn = evaluationBatches(subnet.network, group, report.seeds[group]!, documents).slice(0, batches);
      assert.ok(Math.abs(mean(await meter.losses(parameters, drawn)) - loss) < 1e-6);
      assert.equal(report.entries.find(({ uid }) => uid === subnet.uid(miner))?.verdict, "scored");
    }
    const publicText = evaluationBatches(subnet.network, "math", report.seeds.math!, null);
    // A loss of other text differs, if by chance by little; the one above agrees to a millionth.
    assert.ok(Math.abs(mean(await meter.losses(parameters, publicText)) - report.baseline.math!.loss) > 2e-6);
    assert.ok(vera.lines.some(({ message, fields }) => message === "opened sealed text" && fields.left === text.left));
  });

  it("has what the next cycle will take while the owner's server may be down", async (t) => {
    const { subnet, judge, vera, sealed } = await open(t, 2 * ENOUGH);
    await judge();
    const begun = await subnet.chain.timestamp(subnet.window(1, "evaluate").start);
    const next = envelopeOf(sealed, {
      after:
        roundAt(begun, drandBeacon(sealed.beacon)) + cycleLength(subnet.network.phases) - subnet.network.phases.reveal,
      until: Number.POSITIVE_INFINITY,
    });
    const index = (await subnet.store.get(sealed.index))!;
    const isHere = () =>
      vera.blobs.get({ hash: envelopeHash(index, next!), maxBytes: 1e6, locations: [], signal: t.signal });
    await until(t, () => isHere().then(Boolean, () => false));
  });

  it("is asked for at every block, the cycle's own and what the next one will take", async (t) => {
    const { subnet, judge, vera, sealed, evaluate } = await open(t, 2 * ENOUGH);
    const index = (await subnet.store.get(sealed.index))!;
    const envelopes = Array.from({ length: sealed.envelopes }, (_, i) => envelopeHash(index, i));
    let own: string | undefined;
    const get: typeof vera.blobs.get = async (request) => {
      if (!envelopes.includes(request.hash)) return vera.blobs.get(request);
      // The cycle's own is the first that is asked for.
      own ??= request.hash;
      const late = request.hash === own ? 1 : 2;
      if (vera.clock.head.number >= evaluate.start + late) return vera.blobs.get(request);
      throw new BlockZeroError("FETCH_NOT_FOUND", "nobody has it", "ask later");
    };
    const judged = judge({ ...vera, blobs: { ...vera.blobs, get } });
    await until(t, () => own !== undefined);
    await subnet.to(evaluate.start + 1);
    const { entries } = await judged;
    assert.equal(entries.find(({ uid }) => uid === subnet.uid("ann"))?.verdict, "scored");

    await subnet.to(evaluate.start + 2);
    const next = envelopes[envelopes.indexOf(own!) + 1]!;
    const isHere = () => vera.blobs.get({ hash: next, maxBytes: 1e6, locations: [], signal: t.signal });
    await until(t, () => isHere().then(Boolean, () => false));
  });

  it("is left out by everybody once its text has ended: nobody is blamed, the other group is scored", async (t) => {
    const { subnet, judge, vera } = await open(t, 4);
    const report = await judge();
    const entry = (name: string) => report.entries.find(({ uid }) => uid === subnet.uid(name))!;
    assert.deepEqual([entry("ann").verdict, entry("ann").reason], ["abstained", "validator_failed"]);
    assert.match(entry("ann").detail!, /no envelope that opens after round \d+/);
    assert.equal(entry("bob").verdict, "scored");
    assert.equal(report.baseline.math, undefined);
    assert.ok(vera.lines.some(({ level, message }) => level === "error" && message === "no text to evaluate on"));
    await assert.rejects(openEvaluationText(cycleSource(vera), { group: "math", cycle: 1 }), {
      code: "SEALED_TEXT_NONE",
      message: /the last one opened with round 28$/,
    });
  });

  it("warns while little is left", async (t) => {
    const { judge, vera } = await open(t, 6);
    await judge();
    assert.ok(vera.lines.some(({ level, message }) => level === "warn" && message === "sealed text comes to its end"));
  });

  it("waits for a pulse that is late on chain, and abstains without one in time", async (t) => {
    const { subnet, vera, evaluate, judge, sealed } = await open(t, ENOUGH);
    const fetchEnvelope = await envelopeReader(cycleSource(vera), sealed);
    for (let envelope = 0; envelope < ENOUGH; envelope++) await fetchEnvelope(envelope);
    let asked = 0;
    const late = (block: number): Participant => ({
      ...vera,
      chain: {
        ...vera.chain,
        pulse: async (...query) => {
          asked++;
          return vera.clock.head.number >= block ? vera.chain.pulse(...query) : null;
        },
      },
    });
    const judged = judge(late(evaluate.start + 1));
    await until(t, () => asked > 0);
    await subnet.to(evaluate.start + 1);
    await judged;
    const opened = vera.lines.find(({ message }) => message === "opened sealed text");
    assert.equal(opened?.fields.group, "math", "it came within the time");

    const never = judgeCycle(late(Number.POSITIVE_INFINITY), await openMeter(t, subnet), 1);
    await subnet.to(evaluate.end - 1);
    assert.equal((await never).baseline.math, undefined);
    const missed = vera.lines.find(({ message }) => message === "no text to evaluate on");
    assert.match(String(missed?.fields.reason), /does not have the beacon's round 32$/);
  });

  it("is not taken from whoever alters an envelope, its index or the beacon", async (t) => {
    const { subnet, vera, judge } = await open(t, ENOUGH);
    await judge();
    const source = cycleSource(vera);
    const { network } = subnet;
    const { sealed } = network.groups.math!;
    const fails = (change: Partial<typeof source>, code: ErrorCode) =>
      assert.rejects(openEvaluationText({ ...source, ...change }, { group: "math", cycle: 1 }), { code });
    const altered = (isIndex: boolean, change: (bytes: Uint8Array) => Uint8Array) => ({
      fetch: async (file: Parameters<typeof source.fetch>[0]) => {
        const bytes = await source.fetch(file);
        return isIndex === (file.hash === sealed!.index) ? change(bytes) : bytes;
      },
    });
    await fails(
      altered(true, (bytes) => bytes.subarray(32)),
      "SEALED_TEXT_MALFORMED",
    );
    await fails(
      altered(false, (bytes) => bytes.map((byte, i) => (i === 300 ? byte ^ 1 : byte))),
      "SEALED_TEXT_MALFORMED",
    );
    const pulse = async () => new Uint8Array(48);
    await fails({ chain: { ...source.chain, pulse } }, "SEALED_TEXT_PULSE_INVALID");
    const other = { ...sealed!, first_round: sealed!.first_round + 1 };
    const groups = { ...network.groups, math: { ...network.groups.math!, sealed: other } };
    await fails({ network: { ...network, groups } }, "SEALED_TEXT_MALFORMED");
  });
});
