import assert from "node:assert/strict";
import { it } from "node:test";
import { groupHeldOutBatches } from "#datasets/group-data.js";
import type { Batch } from "#shared/data/loader.js";
import { listedDocuments } from "#shared/data/source.js";
import type { Parameters } from "#shared/model/parameters.js";
import { sha256 } from "#shared/protocol/hash.js";
import { spreadOf } from "#shared/scoring/proof-of-loss.js";
import { mean } from "#shared/util/mean.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { openMeter } from "#tests/support/validator.js";
import { plus } from "./arena/change.js";
import { openGround } from "./arena/ground.js";
import { models } from "./arena/models/index.js";
import { evaluationText, unseenPage } from "./library/evaluation-text.js";

const GROUP = "math";
const MINERS = 6;
/** Held-out pages among the public ones. */
const HELD_OUT = 2;

it("who knows public evaluation text by heart is ahead on it, and on sealed text like anybody", {
  timeout: HANG_GUARD,
}, async (t) => {
  const model = models.micro;
  const seed = "arena";
  const ground = openGround({ model, seed, genesis: await model.genesis(seed) }, evaluationText);
  t.after(() => ground.gym.dispose());
  const { genesis, gym } = ground;
  const network = { ...ground.network, genesis: "0".repeat(64) };
  const meter = await openMeter(t, { network });
  const draw = (
    what: { readonly batches: number; readonly batchSize: number },
    seed: string,
    pages?: readonly string[],
  ) =>
    groupHeldOutBatches(network, GROUP, {
      ...what,
      seed: sha256(Buffer.from(seed)),
      ...(pages && { sealed: listedDocuments("pages", pages) }),
    });
  const pages = (from: number, count: number) => Array.from({ length: count }, (_, i) => unseenPage(from + i));

  const training = { batches: model.training.max_steps, batchSize: model.training.batch_size };
  const modelsOf = async (stream: (miner: number) => string | readonly Batch[]): Promise<readonly Parameters[]> => {
    const models: Parameters[] = [];
    for (let miner = 0; miner < MINERS; miner++) {
      const { update } = await gym.train({
        base: { hash: "genesis", whole: genesis },
        group: GROUP,
        stream: stream(miner),
      });
      const own = Object.fromEntries(Object.keys(update).map((name) => [name, genesis[name]!]));
      models.push({ ...genesis, ...plus(own, update) });
    }
    return models;
  };
  // Each beside miners that train on as many pages which nobody is evaluated on.
  const ofPublicText = await modelsOf((miner) => draw(training, `public ${miner}`));
  const besidePublic = await modelsOf((miner) => draw(training, `beside public ${miner}`, pages(400, HELD_OUT)));
  const ofOpenedText = await modelsOf((miner) => draw(training, `opened ${miner}`, pages(0, 60)));
  const besideOpened = await modelsOf((miner) => draw(training, `beside opened ${miner}`, pages(500, 60)));

  const lossesOf = async (models: readonly Parameters[], batches: readonly Batch[]) => {
    const losses: number[] = [];
    for (const model of models) losses.push(mean(await meter.losses(model, batches)));
    return spreadOf(losses);
  };
  /** By how many standard errors models are better than others. */
  const lead = async (models: readonly Parameters[], besides: readonly Parameters[], batches: readonly Batch[]) => {
    const [theirs, others] = [await lossesOf(models, batches), await lossesOf(besides, batches)];
    return (others.mean - theirs.mean) / (Math.hypot(theirs.deviation, others.deviation) / Math.sqrt(MINERS));
  };
  const evaluation = { batches: 60, batchSize: network.scoring.eval_batch_size };
  const publicText = draw(evaluation, "evaluation");
  const sealedText = draw(evaluation, "evaluation", pages(1000, 200));

  const ahead = await lead(ofPublicText, besidePublic, publicText);
  assert.ok(ahead > 3, `on public text: ${ahead}`);
  const alike = await lead(ofOpenedText, besideOpened, sealedText);
  assert.ok(alike < 3, `on sealed text: ${alike}`);
});
