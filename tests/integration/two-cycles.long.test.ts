import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { heldOutLosses } from "#shared/evaluation/reference-text.js";
import { loadModel, wholeModel } from "#shared/participant/agreement/base-model.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { NETUID, parameters } from "../support/micro-network.js";
import { liveThrough, MINERS, type Name, openPrograms, VALIDATORS } from "../support/programs.js";
import { openSubnet } from "../support/subnet.js";
import { openMeter } from "../support/validator.js";

describe("two validators and two miners", { timeout: HANG_GUARD }, () => {
  it("make a better model together, are paid for it, and survive being killed", async (t) => {
    const subnet = await openSubnet(t, { miners: [...MINERS, "observer"] });
    const programs = await openPrograms(t, subnet);
    const { names, start, kill, said, errors, measured } = programs;
    for (const name of names) await start(name);

    const restart = (name: Name) => async () => {
      await kill(name);
      await start(name);
    };
    const stakes = async () =>
      new Map((await subnet.chain.metagraph(NETUID)).neurons.map(({ hotkey, stake }) => [hotkey, stake]));
    const stakesBefore = await stakes();
    const first = await liveThrough(subnet, programs, 1, { committed: restart("bob"), reported: restart("vito") });

    const uids = MINERS.map(subnet.uid);
    const [model, same] = first.models;
    assert.equal(model, same, "both validators made the same bits");
    for (const { merged } of first.merged) assert.deepEqual([...(merged as number[])].sort(), uids);

    // math was improved by two, prose by nobody: its half goes to the owner. Both validators set the same weights.
    assert.equal(first.weights[0]!.weights, first.weights[1]!.weights);
    const rows = await subnet.chain.weights(NETUID);
    assert.deepEqual(
      rows.map(({ uid }) => uid),
      VALIDATORS.map(subnet.uid),
    );
    for (const { weights } of rows) {
      assert.deepEqual(
        weights.map(([uid]) => uid),
        [0, ...uids],
      );
      const [worse, better, owner] = weights.map(([, weight]) => weight).sort((a, b) => a - b);
      assert.deepEqual([worse! < better!, worse! + better!, owner], [true, 65535, 65535]);
    }

    // The epoch within the merge paid both miners, the one with more weight more. Which that is, their own texts decide.
    const { neurons } = await subnet.chain.metagraph(NETUID);
    const stakesAfter = await stakes();
    for (const name of names) {
      const { address } = subnet.signer(name);
      assert.ok(neurons[subnet.uid(name)]!.emission > 0n, `${name} was paid`);
      assert.ok(stakesAfter.get(address)! > stakesBefore.get(address)!);
    }
    const [worse, better] = rows[0]!.weights.filter(([uid]) => uids.includes(uid)).sort(([, a], [, b]) => a - b);
    assert.ok(neurons[better![0]]!.emission > neurons[worse![0]]!.emission);

    const second = await liveThrough(subnet, programs, 2, { published: restart("vera") });
    assert.equal(second.models[0], second.models[1]);
    assert.notEqual(second.models[0], model);
    assert.deepEqual(errors(), []);
    assert.equal((await said("ann", "training", 2)).base, model, "trained from what the first cycle merged");

    // Whoever joins now gets the model from the validators, and it is better at what was trained.
    const observer = await subnet.join("observer");
    await subnet.to(subnet.window(3, "distribute").end - 1);
    const base = await observer.models.baseOf(3);
    assert.equal(base, second.models[0]);
    const last = await loadModel(observer, base);
    assert.deepEqual([last.manifest.cycle, last.manifest.parent], [2, model]);
    const { network } = subnet;
    const meter = await openMeter(t, subnet);
    const untrained = await heldOutLosses(meter, network, parameters);
    const middle = await heldOutLosses(meter, network, wholeModel(await loadModel(observer, model!)));
    const trained = await heldOutLosses(meter, network, wholeModel(last));
    assert.ok(middle.math!.loss < untrained.math!.loss - 0.1, `${untrained.math!.loss} → ${middle.math!.loss}`);
    assert.ok(trained.math!.loss < middle.math!.loss, `${middle.math!.loss} → ${trained.math!.loss}`);

    for (const name of MINERS) {
      const told = measured(name).filter((values) => values["chain/verdict"] === "scored");
      assert.deepEqual(
        told.map(({ cycle }) => cycle),
        [1, 2],
      );
      for (const values of told) assert.ok(Number(values["chain/w_i_score"]) > 0);
    }
  });
});
