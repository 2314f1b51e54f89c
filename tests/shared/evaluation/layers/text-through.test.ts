import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { it } from "node:test";
import { intTensor } from "#shared/engine/tensor.js";
import { layerGraphs } from "#shared/evaluation/layers/layer-graphs.js";
import { passContext, textThrough } from "#shared/evaluation/layers/layer-pass.js";
import { allExperts } from "#shared/model/parameters.js";
import { device, MICRO, microIds, microParameters } from "../../model/micro.js";

const [TOKENS, RUNS, TOGETHER] = [4, 5, 2];

it("a text's runs are made as memory has room for their hidden states, and told of one lot after the other", async (t) => {
  const shape = { config: MICRO, held: allExperts(MICRO), batchSize: 1, sequenceLength: TOKENS };
  const context = passContext({
    device,
    shape,
    graphs: layerGraphs(shape, { ofLosses: (losses) => ({ losses }) }),
    memory: TOGETHER * 4 * TOKENS * MICRO.hidden_size,
    folder: tmpdir(),
    signals: [],
  });
  t.after(() => context.programs.dispose());
  const [made, told] = [[] as number[], [] as number[]];
  await textThrough(context, {
    model: microParameters(MICRO),
    runs: Array.from({ length: RUNS }, (_, run) => run),
    feed: (run) => {
      made.push(run);
      const [ids, targets] = ["ids", "targets"].map((what) => intTensor(microIds(TOKENS, `${what} ${run}`), [TOKENS]));
      return { ids: ids!, targets: targets! };
    },
    onHead: (run, { losses }) => {
      assert.ok(made.length - told.length <= TOGETHER, `${made.length} made, ${told.length} told`);
      assert.equal(losses!.data.length, TOKENS);
      told.push(run);
    },
  });
  assert.deepEqual(told, [0, 1, 2, 3, 4]);
});
