import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import { followModels } from "#shared/participant/agreement/agreed-model.js";
import { lastModelBlock } from "#shared/replay/agreed-outcome.js";
import { recallHistory } from "#validator/outcome/history.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { publishReports, reportOf, scoredEntry } from "../../support/reports.js";
import { openSubnet, until } from "../../support/subnet.js";
import { forge, noiseUpdate } from "../../support/updates.js";
import { openValidator } from "../../support/validator.js";

describe("a validator that joins late", { timeout: HANG_GUARD }, () => {
  it("knows the scores of the window from chain and reports, and asks again for what it could not have", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 2000, vito: 2000 } });
    const { store } = subnet;
    const scores = [0.1, 0.2, 0.3, 0.4, 0.5];
    const lost: string[] = [];
    for (const [i, score] of scores.entries()) {
      const cycle = i + 1;
      const ann = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05), cycle });
      const entries = [scoredEntry(ann, score)];
      const known = new Set<string>();
      for await (const hash of store.list()) known.add(hash);
      await publishReports(subnet, {
        vera: reportOf(subnet, "vera", { entries, cycle }),
        vito: reportOf(subnet, "vito", { entries, cycle }),
      });
      if (cycle === 3) for await (const hash of store.list()) if (!known.has(hash)) lost.push(hash);
    }
    const kept = await Promise.all(lost.map((hash) => store.get(hash)));
    for (const hash of lost) await store.delete(hash);

    const late = await openValidator(t, subnet, "vera");
    let isOver = false;
    const recalling = recallHistory(late, 6).finally(() => {
      isOver = true;
    });
    const recalled = () => late.participant.lines.filter(({ message }) => message === "recalled scores").length;
    await until(t, () => recalled() === 2);
    // What nobody serves is waited for, two blocks long.
    await until(t, async () => {
      await subnet.to(subnet.node.head.number + 1);
      return isOver;
    });
    await recalling;
    const history = () =>
      late.journal.value.history.flatMap(({ cycle, uid, verdict, score }) =>
        verdict === "scored" ? [[cycle, uid, score]] : [],
      );
    assert.deepEqual(history(), [
      [4, subnet.uid("ann"), 0.4],
      [5, subnet.uid("ann"), 0.5],
    ]);
    assert.deepEqual([...late.journal.value.tallied].sort(), [4, 5]);
    const cycles = () => new Set(late.journal.value.history.map(({ cycle }) => cycle));
    assert.deepEqual([...cycles()], [4, 5], "a cycle whose reports are gone was missed, not abstained on");

    for (const bytes of kept) await store.put(bytes!);
    await recallHistory(late, 6);
    assert.deepEqual(history()[0], [3, subnet.uid("ann"), 0.3]);
    assert.deepEqual([...late.journal.value.tallied].sort(), [3, 4, 5], "a window of four ends with the cycle itself");
    const before = late.participant.lines.length;
    await recallHistory(late, 6);
    assert.equal(late.participant.lines.length, before, "what is known is not asked for again");
  });

  it("asks again for the scores of a cycle of which it cannot tell the model", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 2000, vito: 2000 } });
    for (const cycle of [1, 2]) {
      const ann = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05), cycle });
      const entries = [scoredEntry(ann, 0.1)];
      await publishReports(subnet, {
        vera: reportOf(subnet, "vera", { entries, cycle }),
        vito: reportOf(subnet, "vito", { entries, cycle }),
      });
    }
    const gone = lastModelBlock(1, subnet.network);
    const late = await openValidator(t, subnet, "vera");
    const { chain, clock, network, networkHash, blobs, signal } = late.participant;
    const kept =
      <T>(read: (netuid: number, at?: number) => Promise<T>) =>
      async (netuid: number, at?: number): Promise<T> => {
        if (at !== undefined && at <= gone && at !== allowed)
          throw new BlockZeroError("STATE_DISCARDED", "gone", "wait");
        return read(netuid, at);
      };
    let allowed: number | undefined;
    const pruned = {
      ...chain,
      metagraph: kept(chain.metagraph.bind(chain)),
      commitments: kept(chain.commitments.bind(chain)),
    };
    const models = followModels({ chain: pruned, clock, network, networkHash, blobs, signal });
    const historian = { ...late, participant: { ...late.participant, models } };
    await recallHistory(historian, 3);
    assert.deepEqual([...late.journal.value.tallied], [1], "the first cycle's model is genesis in any case");
    allowed = gone;
    await recallHistory(historian, 3);
    assert.deepEqual([...late.journal.value.tallied].sort(), [1, 2]);
    assert.deepEqual(
      late.journal.value.history.filter(({ verdict }) => verdict === "scored").map(({ cycle }) => cycle),
      [1, 2],
    );
  });
});
