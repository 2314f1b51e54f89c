import assert from "node:assert/strict";
import { it, type TestContext } from "node:test";
import { prometheusInstruments } from "#shared/telemetry/instruments/prometheus.js";
import { createTelemetry } from "#shared/telemetry/telemetry.js";
import { orAbort } from "#shared/util/deadline.js";
import { chooseSteps } from "#validator/choose/choose.js";
import { vote } from "#validator/choose/vote.js";
import { agreeOn } from "#validator/merge/merge-cycle.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { PHASES } from "../../support/micro-network.js";
import { commitReports, reportOf, scoredEntry } from "../../support/reports.js";
import { openSubnet, type SubnetOptions, until } from "../../support/subnet.js";
import { forge, noiseUpdate, submit } from "../../support/updates.js";
import { openValidator } from "../../support/validator.js";

/** At the beginning of the choose phase: both validators scored Ann's update. */
const openChoosing = async (t: TestContext, options?: SubnetOptions) => {
  const subnet = await openSubnet(t, options);
  const ann = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) });
  const vera = await openValidator(t, subnet, "vera");
  await submit(subnet, { ann });
  const reports = ["vera", "vito"].map((name) => [name, reportOf(subnet, name, { entries: [scoredEntry(ann, 0.3)] })]);
  await commitReports(subnet, Object.fromEntries(reports));
  await subnet.to(subnet.window(1, "choose").start);
  const agreed = await agreeOn(vera.participant, 1);
  return { subnet, ann, vera, agreed };
};

it("a validator asks at every block for an update that it chooses with: a busy server costs no group its vote", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { subnet, ann, vera, agreed } = await openChoosing(t, { network: { phases: { ...PHASES, choose: 8 } } });
  await subnet.store.delete(ann.tensors.hash);
  const choosing = chooseSteps(vera.participant, vera.meter, 1, agreed);
  const said = (text: string) => vera.participant.lines.some(({ message }) => message === text);
  await until(t, () => said("steps not measured") || said("blob not fetched"));
  await subnet.store.put(ann.tensors.bytes);
  await subnet.to(subnet.node.head.number + 1);
  const { votes } = await choosing;
  assert.notEqual(votes[0], null);
});

/** Both validators scored Ann's update of one group and Bob's of another. The choose phase has eight blocks, half of which updates are waited for. */
const openTwoGroups = async (t: TestContext) => {
  const subnet = await openSubnet(t, { network: { phases: { ...PHASES, choose: 8 } } });
  const ann = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) });
  const bob = forge(subnet, { miner: "bob", group: "prose", tensors: noiseUpdate(subnet, "bob", 0.05, "prose") });
  const vera = await openValidator(t, subnet, "vera");
  await submit(subnet, { ann, bob });
  const entries = [scoredEntry(ann, 0.3), scoredEntry(bob, 0.3)];
  await commitReports(
    subnet,
    Object.fromEntries(["vera", "vito"].map((name) => [name, reportOf(subnet, name, { entries })])),
  );
  await subnet.to(subnet.window(1, "choose").start);
  const agreed = await agreeOn(vera.participant, 1);
  return { subnet, ann, vera, agreed };
};

it("a validator measures the groups whose updates are here before it waits for another's", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { subnet, ann, vera, agreed } = await openTwoGroups(t);
  await subnet.store.delete(ann.tensors.hash);
  const choosing = chooseSteps(vera.participant, vera.meter, 1, agreed);
  const lines = (text: string) => vera.participant.lines.filter(({ message }) => message === text);
  const waited = "update not here: once more at the next block";
  await until(t, () => lines(waited).length > 0);
  assert.deepEqual(
    lines("measured steps").map(({ fields }) => fields.group),
    ["prose"],
  );
  await subnet.store.put(ann.tensors.bytes);
  await subnet.to(subnet.node.head.number + 1);
  const [math, prose] = (await choosing).votes;
  assert.deepEqual([math === null, prose === null, lines(waited).length], [false, false, 1]);
});

it("a validator measures steps itself, whatever program measures its updates", { timeout: HANG_GUARD }, async (t) => {
  const { vera, agreed } = await openChoosing(t);
  const asked = () => Promise.reject(new RangeError("the program is asked"));
  const updateMeter = { losses: asked, ofGroup: asked, dispose: asked };
  vote({ ...vera, updateMeter }, 1, agreed).catch(() => undefined);
  await until(t, () => vera.journal.value.cycles[1]?.ballot !== undefined);
  const said = (text: string) => vera.participant.lines.some(({ message }) => message === text);
  assert.deepEqual([said("measured steps"), said("steps not measured")], [true, false]);
});

it("a server that does not answer holds up no group beyond its own share of the wait", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { subnet, ann, vera, agreed } = await openTwoGroups(t);
  const { blobs, clock, lines } = vera.participant;
  let asked = 0;
  const open: typeof blobs.open = (request) => {
    if (request.hash !== ann.tensors.hash) return blobs.open(request);
    asked += 1;
    return asked === 1 ? orAbort(new Promise(() => {}), request.signal) : blobs.open(request);
  };
  const choosing = chooseSteps({ ...vera.participant, blobs: { ...blobs, open } }, vera.meter, 1, agreed);
  await until(t, () => asked === 1);
  await subnet.to(clock.head.number + 2);
  await until(t, () => lines.filter(({ message }) => message === "measured steps").length === 2);
  assert.deepEqual(
    (await choosing).votes.map((vote) => vote === null),
    [false, false],
  );
});

it("a validator without time for all batches of the steps says why, and what helps", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { vera, agreed } = await openChoosing(t);
  const late = { blockTime: () => 1, expected: () => 0 };
  const instruments = prometheusInstruments("validator");
  const watched = { ...vera.participant, telemetry: createTelemetry(instruments) };
  assert.deepEqual((await chooseSteps(watched, vera.meter, 1, agreed, late)).votes, [null, { better: [], best: 0 }]);
  assert.match(await instruments.text(), /^blockzero_votes_missing_total 1$/m);
  const line = vera.participant.lines.find(({ message }) => message === "measured steps");
  const { code, reason, prevention } = line?.fields ?? {};
  assert.deepEqual([line?.level, code], ["warn", "EVALUATION_SHORT"]);
  assert.match(String(reason), /^time was left for fewer batches/);
  assert.match(String(prevention), /a longer choose phase$/);
});
