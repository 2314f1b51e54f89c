import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { openPacker } from "#miner/commit/pack.js";
import { type MinerJournal, minerJournalSchema } from "#miner/journal.js";
import { encodeUpdate, type Feedback } from "#shared/artifact/codec/encode-update.js";
import { CODECS } from "#shared/artifact/codec/index.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { hashOfSource } from "#shared/files/byte-source.js";
import { toParameters } from "#shared/model/part-parameters.js";
import { openJournal } from "#shared/participant/writes/journal.js";
import { sha256 } from "#shared/protocol/hash.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { FloatTensor } from "#shared/tensor-files/float32.js";
import { type FloatSource, inMemory } from "#shared/training/float-source.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { silentAt } from "#tests/support/silent-at.js";
import { openSubnet } from "#tests/support/subnet.js";
import { noiseUpdate } from "#tests/support/updates.js";

const artifactOf = (cycle: number) => sha256(Buffer.from(`artifact ${cycle}`));

const open = async (t: TestContext) => {
  const subnet = await openSubnet(t, { network: { artifact: { codec: "topk-2bit" } } });
  const participant = await subnet.join("ann");
  const dir = join(participant.home, "residuals");
  const journal = () => openJournal(join(participant.home, "miner.json"), minerJournalSchema);
  const update = (cycle: number): Map<string, FloatTensor> =>
    new Map(Object.entries(noiseUpdate(subnet, `update ${cycle}`, 0.01 * cycle)));

  /** Packs a cycle's update as a process does that has just begun, and lets it crash after any of its steps. */
  const pack = async (cycle: number, until: "packed" | "tied" | "journalled" = "journalled"): Promise<string> => {
    const opened = journal();
    const packer = openPacker({ participant, journal: opened }, cycle);
    const { hash } = await packer.pack(inMemory(toParameters(update(cycle))));
    if (until !== "packed") await packer.tie(artifactOf(cycle));
    if (until === "journalled") mark(cycle, { artifact: artifactOf(cycle) });
    await packer.close();
    return hash;
  };
  const mark = (cycle: number, fields: MinerJournal["cycles"][string]) =>
    journal().update(({ cycles, ...rest }) => ({
      ...rest,
      cycles: { ...cycles, [cycle]: { ...cycles[cycle], ...fields } },
    }));
  const reveal = (cycle: number) => mark(cycle, { committed: 1, revealed: 2 });
  return { subnet, participant, dir, update, pack, mark, reveal, files: () => readdirSync(dir).sort() };
};

/** Hashes of the updates of these cycles in a row, each with what those before it left. */
const inARow = async (
  update: (cycle: number) => Map<string, FloatTensor>,
  ...cycles: readonly number[]
): Promise<string[]> => {
  const left = new Map<string, Float32Array>();
  const feedback: Feedback = {
    carried: async (name) => left.get(name) ?? null,
    keep: async (name, values) => void left.set(name, values),
  };
  const hashes: string[] = [];
  for (const cycle of cycles) hashes.push((await encodeUpdate(CODECS["topk-2bit"], update(cycle), feedback)).hash);
  return hashes;
};

describe("what compression loses", { timeout: HANG_GUARD }, () => {
  it("is carried from each revealed update to the next, in files that do not pile up", async (t) => {
    const { update, pack, reveal, files } = await open(t);
    const expected = await inARow(update, 1, 2, 3, 4);
    for (const cycle of [1, 2, 3, 4]) {
      assert.equal(await pack(cycle), expected[cycle - 1], `cycle ${cycle}`);
      reveal(cycle);
    }
    assert.deepEqual(files(), [3, 4].map((cycle) => `${artifactOf(cycle)}.safetensors`).sort());
    const [alone] = await inARow(update, 2);
    assert.notEqual(expected[1], alone);
  });

  for (const moment of ["packed", "tied"] as const) {
    it(`is neither lost nor added twice when the miner crashes having ${moment}`, async (t) => {
      const { update, pack, reveal } = await open(t);
      const expected = await inARow(update, 1, 2, 3);
      assert.equal(await pack(1), expected[0]);
      reveal(1);
      assert.equal(await pack(2, moment), expected[1]);
      assert.equal(await pack(2), expected[1], "done again, the same bytes");
      reveal(2);
      assert.equal(await pack(3), expected[2]);
    });
  }

  it("of an update that was never revealed goes with it; what was carried before is carried on", async (t) => {
    const { subnet, update, pack, mark, reveal } = await open(t);
    await pack(1);
    reveal(1);
    await pack(2);
    const [, third] = await inARow(update, 1, 3);
    assert.equal(await pack(3), third, "not committed");
    mark(3, { committed: 1 });
    await subnet.to(subnet.window(3, "reveal").end);
    const [, fourth] = await inARow(update, 1, 4);
    assert.equal(await pack(4), fourth, "committed, not revealed");
  });

  it("counts as revealed what the chain knows, though a crash kept the journal from knowing", async (t) => {
    const { subnet, participant, update, pack, mark } = await open(t);
    await pack(1);
    mark(1, { committed: subnet.window(1, "commit").start });
    const { start, end } = subnet.window(1, "reveal");
    await subnet.to(start);
    await subnet.record({
      ann: encodeRecord({
        type: "reveal",
        network: shortHash(subnet.networkHash),
        cycle: 1,
        group: "math",
        artifact: artifactOf(1),
        location: participant.location,
      }),
    });
    await subnet.to(end);
    const [, second] = await inARow(update, 1, 2);
    assert.equal(await pack(2), second);
  });

  it("is carried where the chain does not answer at one block whether the update was revealed", async (t) => {
    const { subnet, participant, update, pack, mark } = await open(t);
    await pack(1);
    mark(1, { committed: 1 });
    await subnet.to(subnet.window(2, "train").start);
    const { number } = subnet.node.head;
    const journal = openJournal(join(participant.home, "miner.json"), minerJournalSchema);
    const packer = openPacker({ participant: silentAt(participant, number), journal }, 2);
    const packing = packer.pack(inMemory(toParameters(update(2))));
    packing.catch(() => {});
    await subnet.to(number + 1);
    const { hash } = await packing;
    const [second] = await inARow(update, 2);
    assert.equal(hash, second);
    await packer.close();
  });

  it("is carried once where the disk was full and the update is packed again", async (t) => {
    const { participant, update, pack, reveal } = await open(t);
    await pack(1);
    reveal(1);
    const journal = openJournal(join(participant.home, "miner.json"), minerJournalSchema);
    const packer = openPacker({ participant, journal }, 2);
    const whole = inMemory(toParameters(update(2)));
    const full = new BlockZeroError("FILE_UNWRITABLE", "no space left on device", "free some");
    const last = Object.keys(whole.shapes).at(-1);
    const cut: FloatSource = { ...whole, read: (name) => (name === last ? Promise.reject(full) : whole.read(name)) };
    await assert.rejects(packer.pack(cut), full);
    const { hash } = await packer.pack(whole);
    const [, second] = await inARow(update, 1, 2);
    assert.equal(hash, second);
    await packer.tie(artifactOf(2));
    await packer.close();
  });

  it("leaves nothing where the packer is closed while it packs", async (t) => {
    const { participant, dir, update } = await open(t);
    const journal = openJournal(join(participant.home, "miner.json"), minerJournalSchema);
    const packer = openPacker({ participant, journal }, 1);
    const packing = packer.pack(inMemory(toParameters(update(1))));
    await packer.close();
    await packing;
    assert.deepEqual(readdirSync(dir), []);
    assert.ok(!existsSync(join(participant.home, "update.safetensors")));
  });

  it("counts as nothing when its file is damaged or gone, and the miner is told", async (t) => {
    const { participant, dir, update, pack, reveal } = await open(t);
    await pack(1);
    reveal(1);
    writeFileSync(join(dir, `${artifactOf(1)}.safetensors`), "damaged");
    const [second] = await inARow(update, 2);
    assert.equal(await pack(2), second);
    assert.ok(participant.lines.some(({ message }) => message === "the residual of earlier updates is lost"));
  });

  it("is not kept where the codec loses nothing that matters", async (t) => {
    const subnet = await openSubnet(t, { network: { artifact: { codec: "int8" } } });
    const participant = await subnet.join("ann");
    const journal = openJournal(join(participant.home, "miner.json"), minerJournalSchema);
    const packer = openPacker({ participant, journal }, 1);
    const file = await packer.pack(inMemory(noiseUpdate(subnet, "one", 0.01)));
    assert.equal(await hashOfSource(file), file.hash);
    await packer.tie(artifactOf(1));
    await packer.close();
    assert.ok(!existsSync(join(participant.home, "residuals")));
    assert.ok(!existsSync(join(participant.home, "update.safetensors")), "the update's file goes too");
  });
});
