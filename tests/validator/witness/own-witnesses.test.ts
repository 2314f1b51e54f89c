import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import { groupShapes } from "#shared/model/groups.js";
import type { Participant } from "#shared/participant/participant.js";
import { blobsOf, type PartRef } from "#shared/protocol/model-manifest.js";
import { readAll } from "#shared/training/float-source.js";
import { mapValues } from "#shared/training/objective.js";
import { ownWitnesses } from "#validator/witness/own-witnesses.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { template } from "../../support/micro-network.js";
import { openSubnet } from "../../support/subnet.js";
import { openValidator } from "../../support/validator.js";

const witness = { steps: 4, batch_size: 2, gradient_accumulation_steps: 1, learning_rate: 0.003, warmup_steps: 0 };
const network = { ...template, scoring: { ...template.scoring, witness } };
const options = { device: "cpu", hostMemory: true, memory: 1e9 } as const;
const witnesses = ownWitnesses(options);

const filesIn = ({ home }: Pick<Participant, "home">) => {
  try {
    return readdirSync(join(home, "witnesses")).sort();
  } catch {
    return [];
  }
};

const elements = async (participant: Participant, place: { cycle: number; model: string; group: string }) => {
  const opened = await witnesses.open(participant, place);
  const read = await Promise.all(opened.map(readAll));
  for (const one of opened) await one.close();
  return read.map((tensors) => mapValues(tensors, ({ data }) => [...data]));
};

/** A participant to whom nobody gives a part of the model, and how many files it opened and closed. */
const withoutPart = (participant: Participant, part: PartRef | null) => {
  const lost = new Set(part === null ? [] : blobsOf(part).map(({ hash }) => hash));
  const opened = new Set<ByteSource>();
  const closed = new Set<ByteSource>();
  const open: typeof participant.models.open = async (blob, signal) => {
    if (lost.has(blob.hash)) throw new BlockZeroError("FETCH_NOT_FOUND", "nobody has it", "wait");
    const { close, ...source } = await participant.models.open(blob, signal);
    const counted: ByteSource = {
      ...source,
      close: async () => {
        closed.add(counted);
        await close();
      },
    };
    opened.add(counted);
    return counted;
  };
  const models = { ...participant.models, open };
  return { participant: { ...participant, models }, opened: () => opened.size, closed: () => closed.size };
};

describe("a validator's own trainings", { timeout: HANG_GUARD }, () => {
  it("are two of each group, unlike each other, of all its tensors, and are not trained twice", async (t) => {
    const subnet = await openSubnet(t, { network });
    const { participant } = await openValidator(t, subnet, "vera");
    const model = subnet.modelHash;
    await witnesses.train(participant, 1, model);
    for (const group of Object.keys(network.groups)) {
      const [one, other] = await elements(participant, { cycle: 1, model, group });
      const names = Object.keys(groupShapes(network.model, network.groups[group]!)).sort();
      assert.deepEqual(Object.keys(one!).sort(), names);
      assert.ok(
        Object.values(one!)
          .flat()
          .some((value) => value !== 0),
        "a training moves the weights",
      );
      assert.notDeepEqual(one, other);
    }
    const trained = filesIn(participant);
    assert.equal(trained.length, 2 * Object.keys(network.groups).length);
    const told = participant.lines.length;
    await witnesses.train(participant, 1, model);
    assert.equal(participant.lines.length, told);
    // Those of a former cycle go.
    await witnesses.train(participant, 2, model);
    assert.ok(filesIn(participant).every((name) => name.startsWith("2-") && !trained.includes(name)));
    assert.equal(filesIn(participant).length, trained.length);
  });

  it("are another validator's own: the text is drawn by a secret of each", async (t) => {
    const subnet = await openSubnet(t, { network });
    const [vera, vito] = [await openValidator(t, subnet, "vera"), await openValidator(t, subnet, "vito")];
    const place = { cycle: 1, model: subnet.modelHash, group: "math" };
    for (const { participant } of [vera, vito]) await witnesses.train(participant, 1, subnet.modelHash);
    assert.notDeepEqual(await elements(vera.participant, place), await elements(vito.participant, place));
  });

  it("are none where the network file asks for none, and none once updates are revealed", async (t) => {
    const without = await openSubnet(t);
    const vera = await openValidator(t, without, "vera");
    await witnesses.train(vera.participant, 1, without.modelHash);
    assert.deepEqual(filesIn(vera.participant), []);
    assert.ok(vera.participant.lines.every(({ level }) => level === "debug"));

    const subnet = await openSubnet(t, { network });
    const vito = await openValidator(t, subnet, "vito");
    await subnet.to(subnet.window(1, "reveal").start);
    await witnesses.train(vito.participant, 1, subnet.modelHash);
    assert.deepEqual(filesIn(vito.participant), []);
    assert.deepEqual(
      vito.participant.lines.flatMap(({ level, message }) => (level === "debug" ? [] : [[level, message]])),
      [["warn", "no time for trainings of one's own"]],
    );
    assert.deepEqual(await witnesses.open(vito.participant, { cycle: 1, model: subnet.modelHash, group: "math" }), []);
  });

  it("are none where there was time for less than half of the steps", async (t) => {
    const subnet = await openSubnet(t, { network });
    const { participant } = await openValidator(t, subnet, "vera");
    // No step would end in time.
    const timer = { blockTime: () => 1000, expected: () => Date.now() };
    await ownWitnesses({ ...options, timer }).train(participant, 1, subnet.modelHash);
    assert.deepEqual(filesIn(participant), []);
    const warnings = participant.lines.filter(({ level }) => level === "warn");
    // One warning a cycle: where there is no time for one, there is none for the others.
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!.message, /^too few steps/);
    assert.equal(warnings[0]!.fields.code, "WITNESS_SHORT");
  });

  it("are those of the other groups where one group's cannot be trained", async (t) => {
    const subnet = await openSubnet(t, { network });
    const { participant } = await openValidator(t, subnet, "vera");
    const [broken, ...others] = Object.keys(network.groups);
    const weights = (await participant.models.manifest(subnet.modelHash, participant.signal)).parts.groups[broken!]!
      .weights;
    const counted = withoutPart(participant, weights);
    await witnesses.train(counted.participant, 1, subnet.modelHash);
    assert.equal(filesIn(participant).length, 2 * others.length);
    const warnings = participant.lines.filter(({ level }) => level === "warn");
    assert.deepEqual(
      warnings.map(({ fields }) => fields.group),
      [broken],
    );
  });

  it("are those of the other groups where what one group takes does not come", async (t) => {
    const subnet = await openSubnet(t, { network });
    const { participant } = await openValidator(t, subnet, "vera");
    await subnet.to(subnet.window(1, "train").start);
    const [slow, ...others] = Object.keys(network.groups);
    const { parts } = await participant.models.manifest(subnet.modelHash, participant.signal);
    const lost = new Set(blobsOf(parts.groups[slow!]!.weights).map(({ hash }) => hash));
    const asked = new EventEmitter();
    // Someone who sends it, and never to its end.
    const open: typeof participant.models.open = (blob, signal) => {
      if (!lost.has(blob.hash)) return participant.models.open(blob, signal);
      asked.emit("once");
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
    };
    const isAsked = once(asked, "once");
    const training = witnesses.train({ ...participant, models: { ...participant.models, open } }, 1, subnet.modelHash);
    await isAsked;
    await subnet.to(subnet.window(1, "train").start + 1);
    await training;
    assert.equal(filesIn(participant).length, 2 * others.length);
    const warnings = participant.lines.filter(({ level }) => level === "warn");
    assert.deepEqual(
      warnings.map(({ fields: { group, code } }) => [group, code]),
      [[slow, "FETCH_TIMEOUT"]],
    );
  });

  it("are those of the groups for which there was time", async (t) => {
    const subnet = await openSubnet(t, { network });
    const { participant } = await openValidator(t, subnet, "vera");
    let trainings = 0;
    // The first group's is over before it has begun.
    const counted: typeof participant.models.manifest = (hash, signal) => {
      trainings++;
      return participant.models.manifest(hash, signal);
    };
    const timer = { blockTime: () => 1000, expected: () => Date.now() + (trainings <= 1 ? 0 : 1e9) };
    const patient = ownWitnesses({ ...options, timer });
    await patient.train({ ...participant, models: { ...participant.models, manifest: counted } }, 1, subnet.modelHash);
    const [first, ...others] = Object.keys(network.groups);
    assert.equal(filesIn(participant).length, 2 * others.length);
    const warnings = participant.lines.filter(({ level }) => level === "warn");
    assert.deepEqual(
      warnings.map(({ fields: { groups, code } }) => [groups, code]),
      [[first, "WITNESS_SHORT"]],
    );
  });

  it("leave no file open, whether they can be trained or not", async (t) => {
    const subnet = await openSubnet(t, { network });
    const { participant } = await openValidator(t, subnet, "vera");
    const { parts } = await participant.models.manifest(subnet.modelHash, participant.signal);
    for (const lost of [parts.hub, null]) {
      const counted = withoutPart(participant, lost);
      await witnesses.train(counted.participant, 1, subnet.modelHash);
      assert.ok(counted.opened() > 0);
      assert.equal(counted.closed(), counted.opened());
    }
    assert.equal(filesIn(participant).length, 2 * Object.keys(network.groups).length);
  });

  it("read the model's hub once a cycle, and a group's weights once for both", async (t) => {
    const subnet = await openSubnet(t, { network });
    const { participant } = await openValidator(t, subnet, "vera");
    const opened: string[] = [];
    const open: typeof participant.models.open = (blob, signal) => {
      opened.push(blob.hash);
      return participant.models.open(blob, signal);
    };
    await witnesses.train({ ...participant, models: { ...participant.models, open } }, 1, subnet.modelHash);
    const { parts } = await participant.models.manifest(subnet.modelHash, participant.signal);
    const read = [parts.hub, ...Object.values(parts.groups).map(({ weights }) => weights)].flatMap(blobsOf);
    assert.deepEqual(opened.toSorted(), read.map(({ hash }) => hash).sort());
    assert.equal(filesIn(participant).length, 2 * Object.keys(network.groups).length, "and leave no copies");
  });

  it("are none where memory is too little for them", async (t) => {
    const subnet = await openSubnet(t, { network });
    const { participant } = await openValidator(t, subnet, "vera");
    await ownWitnesses({ ...options, memory: 1000 }).train(participant, 1, subnet.modelHash);
    assert.deepEqual(filesIn(participant), []);
    const [warning] = participant.lines.filter(({ level }) => level === "warn");
    assert.match(warning!.message, /^too little memory/);
    assert.equal(warning!.fields.code, "WITNESS_MEMORY");
    assert.match(String(warning!.fields.prevention), /evaluation\.memory_gib/);
  });
});
