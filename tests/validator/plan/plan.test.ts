import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sizeOf } from "#shared/engine/tensor.js";
import { SKETCHING_BYTES } from "#shared/independence/sketching.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { template } from "#tests/support/micro-network.js";
import { layersRoom, planEvaluation } from "#validator/plan/plan.js";
import { describePlan } from "#validator/plan/plan-text.js";
import { requirementsOf } from "#validator/plan/requirements.js";
import { verdictOf } from "#validator/plan/verdict.js";
import { NO_WITNESSES, planWitness } from "#validator/witness/plan-witness.js";

const micro: Network = { ...template, genesis: "0".repeat(64) };
const WEBGPU = { name: "onnxruntime-webgpu", hostMemory: false };
const config = {
  device: "cpu" as const,
  evaluation: { memory_gib: 8 },
  evaluator: { command: undefined },
  checkpoint_keep_top_k: 3,
};
const usual = { blockSeconds: 12, updates: 6, memory: 8e9, keep: 3 };

describe("a validator's plan", () => {
  it("judges as a whole what fits, with the weights twice", () => {
    const { mode, memory, parameters } = planEvaluation(micro, usual);
    assert.equal(mode, "whole");
    assert.equal(parameters, countParameters(parameterShapes(micro.model)));
    assert.equal(memory.weights, 8 * parameters);
    assert.equal(memory.mapped, 0);
    const { weights, activations, states, updates, sketches, runtime } = memory;
    assert.equal(memory.total, weights + activations + states + updates + sketches + runtime);
  });

  it("counts the thread that sketches, a tensor that it reads, and the sketches", () => {
    const of = (updates: number) => planEvaluation(micro, { ...usual, updates }).memory.sketches;
    assert.equal(of(7) - of(6), 4 * 16_384);
    const largest = Math.max(...Object.values(groupShapes(micro.model, micro.groups.math!)).map(sizeOf));
    const groups = Object.keys(micro.groups).length;
    assert.equal(of(0), SKETCHING_BYTES + 8 * largest + 2 * groups * 4 * 16_384);
  });

  it("counts two programs a group beside the whole model's, and what batches are at the cut", () => {
    const [group] = Object.values(micro.groups);
    const most = (count: number) => {
      const groups = Object.fromEntries(Array.from({ length: count }, (_, i) => [`group-${i}`, group!]));
      return planEvaluation({ ...micro, groups }, usual).memory;
    };
    const [one, two, three] = [most(1), most(2), most(3)];
    assert.ok(two.activations > one.activations && one.states > 0);
    assert.equal(three.activations - two.activations, two.activations - one.activations);
    assert.deepEqual([two.states, three.states], [2 * one.states, 2 * one.states], "and of the one before");
    const card = planEvaluation(micro, { ...usual, device: WEBGPU }).memory;
    assert.equal(card.states, 0, "a card computes every model from the beginning");
    assert.ok(card.activations < one.activations);
  });

  it("judges layer by layer what does not, and puts on disk what states do not fit", () => {
    const little = planEvaluation(micro, { ...usual, memory: 40_000 });
    assert.equal(little.mode, "layers");
    assert.equal(little.memory.weights, 0);
    assert.equal(little.memory.states, 10_000);
    assert.ok(little.disk.states > 0);
    const shapes = Object.entries(parameterShapes(micro.model));
    const layer = shapes.filter(([name]) => name.startsWith("model.layers.0."));
    const head = shapes.filter(([name]) => name === "model.embed_tokens.weight" || name === "model.norm.weight");
    const most = Math.max(...[layer, head].map((part) => 4 * countParameters(Object.fromEntries(part))));
    assert.equal(little.memory.mapped, most);

    const deep = { ...micro, model: { ...micro.model, num_hidden_layers: 40 } };
    const { memory } = planEvaluation(deep, { ...usual, memory: 40_000 });
    assert.deepEqual(memory, little.memory, "whatever the depth");
  });

  it("counts what is at the cut before the group's experts, layer by layer", () => {
    const size = { batchSize: 1, batches: 1, updates: 1, memory: 10_000, hubDType: "F32" } as const;
    const of = (groups: Network["groups"]) => layersRoom({ ...micro, groups }, size).activations;
    assert.ok(of({ math: micro.groups.math! }) > of({ none: { experts: {}, data: [] } }));
  });

  it("counts what a cycle fetches and keeps", () => {
    const { transfer, disk, evaluation } = planEvaluation(micro, usual);
    const twice = planEvaluation(micro, { ...usual, updates: 12 });
    assert.equal(twice.transfer.downPerCycle, 2 * transfer.downPerCycle);
    assert.equal(twice.disk.updates, 2 * disk.updates);
    assert.equal(disk.updates, 3 * transfer.downPerCycle);
    // Those that three cycles read, and the one that this one makes; the hub once.
    const made = disk.models - planEvaluation(micro, { ...usual, keep: 2 }).disk.models;
    assert.equal(disk.models - transfer.model, 3 * made);
    assert.equal(evaluation.seconds, 12 * micro.phases.evaluate);
    // Six updates, and the base of both groups.
    assert.equal(evaluation.mostTokens, 8 * 12 * 8 * 16);
    assert.equal(evaluation.leastTokens, 8 * 4 * 8 * 16);
    // Of each group the base and its steps, on four times as many batches; and two looks, the second with four steps.
    const steps = micro.training.outer.steps.length;
    const { choosing } = planEvaluation(micro, usual);
    assert.equal(choosing.seconds, 12 * micro.phases.choose);
    assert.equal(choosing.mostTokens, 2 * (steps + 1) * 48 * 8 * 16);
    assert.equal(choosing.leastTokens, 2 * ((steps + 1) * 8 + 5 * 8) * 8 * 16);
  });

  it("is what doctor holds against the machine", async () => {
    const { memory, disk } = planEvaluation(micro, { ...usual, updates: 16, memory: 8 * 2 ** 30 });
    assert.deepEqual(await requirementsOf(config, micro), { memory: memory.total, disk: disk.total });
    const [one, two] = await Promise.all(
      [1, 2].map((checkpoint_keep_top_k) => requirementsOf({ ...config, checkpoint_keep_top_k }, micro)),
    );
    assert.deepEqual(one, two, "what the cycle before made always stays");
    const onCard = { name: "webgpu", hostMemory: false } as const;
    const carded = planEvaluation(micro, { ...usual, updates: 16, memory: 8 * 2 ** 30, device: onCard }).memory;
    assert.ok(carded.card > 0);
    const required = await requirementsOf({ ...config, device: "webgpu" }, micro);
    assert.equal(required.memory, carded.total - carded.card, "as the plan's own verdict takes it");
    const own = await requirementsOf({ ...config, evaluator: { command: ["true"] } }, micro);
    assert.equal(own.disk - disk.total, 4 * countParameters(parameterShapes(micro.model)));
  });

  it("counts the files of an evaluator of the operator's own, whose memory nobody knows", () => {
    const [plan, own] = [planEvaluation(micro, usual), planEvaluation(micro, { ...usual, hasEvaluator: true })];
    assert.equal(own.disk.total - plan.disk.total, 4 * plan.parameters);
    const enough = { memory: 1e12, disk: 1e12, tokensPerSecond: 1e9 };
    const textOf = (of: typeof plan) => describePlan(of, enough, verdictOf(of, enough));
    assert.match(textOf(own), /^ {2}evaluator\.command +unknown/m);
    assert.match(textOf(own), /should join +yes +as far as is known: what evaluator\.command takes is not$/);
    assert.doesNotMatch(textOf(plan), /evaluator/);
  });

  it("tells what is on a card from what the machine holds", () => {
    const on = (name: string, hostMemory: boolean) =>
      planEvaluation(micro, { ...usual, device: { name, hostMemory } }).memory;
    assert.equal(on("onnxruntime-cpu", true).card, 0);
    const cuda = on("onnxruntime-cuda", true);
    assert.equal(cuda.card, cuda.activations);
    const webgpu = on(WEBGPU.name, false);
    assert.equal(webgpu.card, webgpu.activations + webgpu.weights / 2);
  });

  it("counts the validator's own trainings where the network file asks for them", async () => {
    const ample = { hostMemory: true, memory: 1e12 };
    assert.deepEqual(await planWitness(micro, ample), NO_WITNESSES);
    const witness = { steps: 10, batch_size: 2, gradient_accumulation_steps: 1, learning_rate: 0.001, warmup_steps: 0 };
    const witnessed = { ...micro, scoring: { ...micro.scoring, witness } };
    const own = await planWitness(witnessed, ample);
    const trained = Object.values(micro.groups).map((group) => countParameters(groupShapes(micro.model, group)));
    const kept = trained.reduce((sum, count) => sum + 2 * 4 * count, 0);
    // Of the one under way: where it begins and what it gains, and the hub.
    const hub = countParameters(hubShapes(micro.model, micro.groups));
    assert.equal(own.disk, kept + 4 * (2 * Math.max(...trained) + hub));
    // Parameters, both moments and gradients at least.
    assert.ok(own.memory > 4 * 4 * Math.max(...trained));
    const larger = { ...witnessed, scoring: { ...micro.scoring, witness: { ...witness, batch_size: 8 } } };
    assert.ok((await planWitness(larger, ample)).memory > own.memory);
    const [without, plan] = [planEvaluation(micro, usual), planEvaluation(micro, { ...usual, witness: own })];
    assert.equal(plan.memory.total - without.memory.total, own.memory);
    assert.equal(plan.disk.total - without.disk.total, own.disk);
    const groups = Object.keys(micro.groups).length;
    const { train, commit } = micro.phases;
    assert.deepEqual(plan.witness, {
      tokens: groups * 2 * 10 * 2 * micro.data.sequence_length,
      seconds: (train + commit) * usual.blockSeconds,
    });
    const required = await requirementsOf(config, witnessed);
    assert.ok(required.memory > (await requirementsOf(config, micro)).memory);
    const enough = { memory: 1e12, disk: 1e12, tokensPerSecond: 1e9 };
    assert.match(describePlan(plan, enough, verdictOf(plan, enough)), /^ {2}own trainings +\d.* one at a time/m);
    const pace = (plan.witness.tokens / plan.witness.seconds).toPrecision(3);
    assert.match(
      describePlan(plan, enough, verdictOf(plan, enough)),
      new RegExp(`^ {2}tokens a second +${pace.replace(".", "\\.")} +needed`, "m"),
    );
    assert.doesNotMatch(describePlan(without, enough, verdictOf(without, enough)), /own trainings/);
  });

  it("says whether a machine should join, and why not", () => {
    const plan = planEvaluation(micro, usual);
    const enough = { memory: 1e12, disk: 1e12, tokensPerSecond: 1e9 };
    const told = (has: Parameters<typeof verdictOf>[1]) => verdictOf(plan, has);
    assert.equal(told(enough).join, true);
    assert.equal(told({ ...enough, memory: 1e6 }).join, false);
    assert.equal(told({ ...enough, disk: 1e3 }).join, false);
    assert.deepEqual(
      [told({ ...enough, tokensPerSecond: 1e-3 }).time, told({ ...enough, tokensPerSecond: 1e-3 }).join],
      [false, false],
    );
    assert.deepEqual(
      [told({ ...enough, tokensPerSecond: null }).time, told({ ...enough, tokensPerSecond: null }).join],
      [null, true],
    );
    const text = describePlan(plan, { ...enough, memory: 1e6 }, told({ ...enough, memory: 1e6 }));
    assert.match(text, /^ {2}total .*TOO LITTLE$/m);
    const verdictLine = (has: Parameters<typeof verdictOf>[1], of = plan) =>
      describePlan(of, has, verdictOf(of, has)).split("\n").at(-1)!.trim().replace(/ +/g, " ");
    assert.equal(verdictLine(enough), "should join yes");
    const little = "should join no too little memory";
    const layers = planEvaluation(micro, { ...usual, memory: 40_000 });
    assert.match(verdictLine({ ...enough, memory: 1e6 }), new RegExp(`^${little}: lower evaluation.memory_gib`));
    assert.equal(verdictLine({ ...enough, memory: 1e3 }, layers), little);
    assert.match(verdictLine({ ...enough, disk: 1e3 }), /^should join no too little disk: /);
    assert.match(verdictLine({ ...enough, tokensPerSecond: 1e-3 }), /^should join no evaluation takes too long/);
    assert.match(verdictLine({ ...enough, tokensPerSecond: null }), /^should join yes as far as is known: /);
    assert.match(text, /^ {2}time +48 s {2}of blocks of 12 s$/m);
  });
});
