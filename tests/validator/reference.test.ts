import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { isHeldOut } from "#shared/data/split.js";
import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import { heldOutLosses } from "#shared/evaluation/reference-text.js";
import { shardLosses } from "#shared/evaluation/shard-losses.js";
import type { Instruments } from "#shared/telemetry/instruments/instruments.js";
import { orAbort } from "#shared/util/deadline.js";
import { NEVER } from "#shared/util/never.js";
import type { Validator } from "#validator/context.js";
import { validatorJournalSchema } from "#validator/journal.js";
import { measureReference } from "#validator/reference.js";
import { APART } from "#validator/shard-loss.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { parameters, template } from "../support/micro-network.js";
import { sealedPages } from "../support/sealed-pages.js";
import { openSubnet, type Subnet } from "../support/subnet.js";
import { device } from "../support/updates.js";
import { openValidator, type TestValidator } from "../support/validator.js";

const broken: Pick<LossMeter, "losses"> = {
  losses: async () => {
    throw new RangeError("out of memory");
  },
};

const saidBy = ({ participant }: TestValidator) =>
  participant.lines
    .filter(({ message }) => message.startsWith("reference loss"))
    .map(({ message, fields: { cycle, group, change } }) => [message, cycle, group, change]);

describe("the reference loss", { timeout: HANG_GUARD }, () => {
  it("is the same text's in every cycle, and a model that did not change is not measured again", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await openValidator(t, subnet, "vera");
    await measureReference(vera, 1, subnet.modelHash);
    const { math, prose } = await heldOutLosses(vera.meter, subnet.network, parameters);
    const again = { ...vera, meter: { ...vera.meter, ...broken } };
    await measureReference(again, 2, subnet.modelHash);
    assert.deepEqual(
      vera.measured.filter((row) => !Object.keys(row).some((name) => name.startsWith("shard_loss/"))),
      [1, 2].flatMap((cycle) => [
        { cycle, "val_loss/math": math!.loss, "val_bpb/math": math!.bitsPerByte },
        { cycle, "val_loss/prose": prose!.loss, "val_bpb/prose": prose!.bitsPerByte },
      ]),
    );
    assert.deepEqual(saidBy(vera), [
      ["reference loss", 1, "math", "unknown"],
      ["reference loss", 1, "prose", "unknown"],
      ["reference loss", 2, "math", "0.0000"],
      ["reference loss", 2, "prose", "0.0000"],
    ]);
  });

  it("is told once a cycle, also by a validator that starts again within it", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await openValidator(t, subnet, "vera");
    const before = { model: "another", loss: 100, bitsPerByte: 200, cycle: 0 };
    vera.journal.update((value) => ({ ...value, reference: { math: before, prose: before } }));
    const changes = () => saidBy(vera).map(([, cycle, group, change]) => [cycle, group, Number(change) < -1]);
    const once = [
      [1, "math", true],
      [1, "prose", true],
    ];
    await measureReference(vera, 1, subnet.modelHash);
    assert.deepEqual(changes(), once);
    await measureReference(vera, 1, subnet.modelHash);
    assert.deepEqual(changes(), once);
    assert.equal(vera.measured.length, 4);
  });

  it("tells a change from what was measured before, and is left out once updates are about to be revealed", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await openValidator(t, subnet, "vera");
    vera.journal.update((value) => ({
      ...value,
      reference: { math: { model: "another", loss: 100, bitsPerByte: 200 } },
    }));
    await measureReference(vera, 1, subnet.modelHash);
    const [first] = saidBy(vera);
    assert.equal(Number(first![3]).toFixed(2), (Number(vera.measured[0]!["val_loss/math"]) - 100).toFixed(2));

    const vito = await openValidator(t, subnet, "vito");
    await subnet.to(subnet.window(1, "reveal").start - 1);
    await measureReference(vito, 1, subnet.modelHash);
    assert.deepEqual(vito.measured, []);
    assert.deepEqual(
      saidBy(vito).map(([message, , group]) => [message, group]),
      [
        ["reference loss skipped", "math"],
        ["reference loss skipped", "prose"],
      ],
    );
  });

  it("is warned of where a group's model is surely worse than the best one before it, and the best one is remembered", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await openValidator(t, subnet, "vera");
    const { journal, participant } = vera;
    await measureReference(vera, 1, subnet.modelHash);
    const first = journal.value.lowest.math!;
    assert.equal(first.losses.length, 16);
    /** Measures the model anew, beside another one that had other losses of the first group. */
    const besides = async (change: (loss: number, batch: number) => number, network = first.network) => {
      const lowest = { network, losses: first.losses.map(change) };
      journal.update((value) => ({ ...value, reference: {}, lowest: { ...value.lowest, math: lowest } }));
      const before = participant.lines.length;
      await measureReference(vera, 2, subnet.modelHash);
      const codes = participant.lines
        .slice(before)
        .flatMap(({ fields: { code, group } }) => (code ? [[code, group]] : []));
      return { codes, kept: journal.value.lowest.math!.losses };
    };
    const lower = await besides((loss, batch) => loss - 0.01 - 0.001 * (batch % 2));
    assert.deepEqual(lower.codes, [["REFERENCE_ROSE", "math"]]);
    assert.ok(lower.kept[0]! < first.losses[0]!);
    assert.deepEqual(await besides((loss, batch) => loss + 0.1 * (batch % 2) - 0.06), {
      codes: [],
      kept: first.losses.map((loss, batch) => loss + 0.1 * (batch % 2) - 0.06),
    });
    for (const [change, network] of [
      [(loss: number) => loss + 0.01, first.network],
      [(loss: number) => loss - 1, "0".repeat(64)],
    ] as const)
      assert.deepEqual(await besides(change, network), { codes: [], kept: first.losses });
  });

  it("is not told of a group without public held-out text, which is said once, and of the others all the same", async (t) => {
    // Its only document is one for training.
    const text = ["one", "two", "three"].find((word) => !isHeldOut(word, template.data.held_out))!;
    const path = join(temporaryFolder(t), "own.jsonl");
    writeFileSync(path, `${JSON.stringify({ text })}\n`);
    const math = { ...template.groups.math!, data: [{ kind: "jsonl", path, weight: 1 }] };
    const subnet = await openSubnet(t, {
      sealed: sealedPages(4),
      network: { groups: { ...template.groups, math } },
    });
    const vera = await openValidator(t, subnet, "vera");
    for (const cycle of [1, 2, 3]) await measureReference(vera, cycle, subnet.modelHash);
    const warnings = vera.participant.lines.filter(({ level }) => level === "warn");
    assert.deepEqual(
      warnings.map(({ message, fields }) => [message, fields.group, fields.code]),
      [["a group has no reference text: its loss is not told", "math", "SPLIT_EMPTY"]],
    );
    assert.deepEqual(
      saidBy(vera).map(([, cycle, group]) => [cycle, group]),
      [1, 2, 3].map((cycle) => [cycle, "prose"]),
    );
  });

  it("is told of each group's shard as well, once a model", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await openValidator(t, subnet, "vera");
    for (const cycle of [1, 2]) await measureReference(vera, cycle, subnet.modelHash);
    const expected: [string, number][] = [];
    const options = { margin: 1, memory: 1 << 20, folder: temporaryFolder(t), signal: NEVER };
    for await (const { group, shard } of shardLosses(device, subnet.network, parameters, options))
      expected.push([`shard_loss/${group}`, shard]);
    assert.equal(expected.length, 2);
    assert.deepEqual(
      vera.measured.flatMap((row) => Object.entries(row).filter(([name]) => name.startsWith("shard_loss/"))),
      expected,
    );
    assert.ok(vera.participant.lines.every(({ level }) => level !== "warn"));
  });

  it("is told with a warning where shard and whole model have come apart, either way", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await openValidator(t, subnet, "vera");
    const off = { math: -1.1 * APART, prose: 1.1 * APART };
    const { meter } = vera;
    await measureReference(
      {
        ...vera,
        shardLosses: async (model, { group, batches }) =>
          (await meter.losses(model, batches)).map((loss) => loss + off[group as keyof typeof off]),
      },
      1,
      subnet.modelHash,
    );
    const warned = vera.participant.lines.filter(({ level }) => level === "warn");
    assert.deepEqual(
      warned.map(({ fields: { group, shard, whole } }) => [group, (Number(shard) - Number(whole)).toFixed(2)]),
      Object.entries(off).map(([group, gap]) => [group, gap.toFixed(2)]),
    );
  });

  it("that is no number is warned of, and a validator starts again with what it noted", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await openValidator(t, subnet, "vera");
    await measureReference({ ...vera, shardLosses: async () => [Number.NaN] }, 1, subnet.modelHash);
    const warned = vera.participant.lines.filter(({ level }) => level === "warn");
    assert.deepEqual(
      warned.map(({ fields: { group, shard } }) => [group, shard]),
      [
        ["math", "NaN"],
        ["prose", "NaN"],
      ],
    );
    const restarted = validatorJournalSchema.parse(JSON.parse(JSON.stringify(vera.journal.value)));
    assert.equal(Object.keys(restarted.reference).length, 2);
  });

  it("ends where updates are revealed, whose gates begin, and is not measured for a shard that it had no time for", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await openValidator(t, subnet, "vera");
    /** Measures for as long as it may. */
    const endless = async (until: AbortSignal) => {
      void subnet.to(subnet.window(1, "reveal").start);
      return orAbort(new Promise<never>(() => {}), until);
    };
    const slow = {
      ...vera,
      shardLosses: ((_, { signal = NEVER }) => endless(signal)) satisfies Validator["shardLosses"],
    };
    await measureReference(slow, 1, subnet.modelHash);
    const whole = ({ measured }: TestValidator) => measured.flatMap((row) => Object.keys(row)).sort();
    assert.deepEqual(whole(vera), [
      "cycle",
      "cycle",
      "val_bpb/math",
      "val_bpb/prose",
      "val_loss/math",
      "val_loss/prose",
    ]);
    assert.deepEqual(vera.journal.value.shards, {});

    const other = await openSubnet(t);
    const vito = await openValidator(t, other, "vito");
    const meter: LossMeter = {
      ...vito.meter,
      until: (signal) => ({
        ...vito.meter,
        losses: async () => {
          void other.to(other.window(1, "reveal").start);
          return orAbort(new Promise<never>(() => {}), signal);
        },
      }),
    };
    await measureReference({ ...vito, meter }, 1, other.modelHash);
    assert.deepEqual(vito.measured, []);
    assert.deepEqual(
      saidBy(vito).map(([message, , group]) => [message, group]),
      [
        ["reference loss skipped", "math"],
        ["reference loss skipped", "prose"],
      ],
    );
  });

  it("of a former model's shard is shown no longer, from before the whole loss of the new one is", async (t) => {
    const subnet = await openSubnet(t);
    const { watched, shown } = await watching(t, subnet);
    watched.journal.update((value) => ({
      ...value,
      shards: { math: { model: subnet.modelHash, loss: 1 }, prose: { model: "another", loss: 2 } },
    }));
    await measureReference({ ...watched, shardLosses: async () => [3] }, 1, subnet.modelHash);
    assert.deepEqual(shown, [["math 1"], "whole math", "whole prose", "shard prose"]);
  });

  it("is not told of full shards, which are the whole model, nor that of a shard from before they were", async (t) => {
    const subnet = await openSubnet(t, { network: { model: { ...template.model, shard: { mode: "full" } } } });
    const { watched, shown } = await watching(t, subnet);
    watched.journal.update((value) => ({ ...value, shards: { math: { model: subnet.modelHash, loss: 1 } } }));
    await measureReference(watched, 1, subnet.modelHash);
    assert.ok(watched.measured.length > 0);
    assert.ok(watched.measured.every((row) => Object.keys(row).every((name) => !name.startsWith("shard_loss/"))));
    assert.deepEqual(shown, [[], "whole math", "whole prose"]);
  });
});

/** A validator, and what its instruments are told of losses: one's new figure, or all of the shards' that are shown. */
const watching = async (t: TestContext, subnet: Subnet) => {
  const vera = await openValidator(t, subnet, "vera");
  const { telemetry } = vera.participant;
  const shown: (string | readonly string[])[] = [];
  const instruments: Instruments = {
    ...telemetry.instruments,
    set: (name, _, ...[labels]) => {
      const of = ({ group }: { readonly group?: unknown } = {}) => group;
      if (name === "blockzero_reference_loss_nats") shown.push(`whole ${of(labels)}`);
      if (name === "blockzero_reference_shard_loss_nats") shown.push(`shard ${of(labels)}`);
    },
    replace: (name, series) => {
      if (name !== "blockzero_reference_shard_loss_nats") return;
      shown.push(Array.from(series, ([labels, loss]) => `${Object(labels).group} ${loss}`));
    },
  };
  return {
    watched: { ...vera, participant: { ...vera.participant, telemetry: { ...telemetry, instruments } } },
    shown,
  };
};
