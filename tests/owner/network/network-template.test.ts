import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { stringify } from "yaml";
import { firstCycle, subnetParameters } from "#owner/chain/epoch.js";
import { isTemplate, loadNetworkTemplate } from "#owner/network/network-template.js";
import { loadNetwork, networkDifferences } from "#shared/config/load-network.js";
import type { ErrorCode } from "#shared/errors/error.js";
import { PRESETS } from "#shared/model/presets.js";
import type { Network } from "#shared/protocol/network.js";
import { DEFAULT_CURVE } from "#shared/protocol/network-file/default-curve.js";
import { cycleLength } from "#shared/protocol/phases.js";
import { isEpoch } from "#shared/simulators/devchain/epochs.js";
import { smallNetwork } from "#tests/programs/small-network.js";

const fileOf = (t: TestContext, change: object): string => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "network.yaml");
  writeFileSync(file, stringify({ ...smallNetwork, ...change }));
  return file;
};

test("a template is expanded: presets by name, groups by file", (t) => {
  const network = loadNetworkTemplate("configs/localnet/network.yaml");
  assert.deepEqual(network.model, PRESETS.tiny);
  assert.deepEqual(Object.keys(network.groups), ["prose", "math"]);
  assert.deepEqual(loadNetworkTemplate(fileOf(t, {})), smallNetwork);
  assert.equal(isTemplate(fileOf(t, {})), true);
  assert.equal(isTemplate(fileOf(t, { genesis: "ab".repeat(32) })), false);
});

test("a path in a template, a group's file or a network file is relative to that file", (t) => {
  const group = { experts: { 0: [0] }, data: [{ kind: "jsonl", path: "own.jsonl" }] };
  const file = fileOf(t, { groups: { math: "math/group.yaml", prose: { ...group, experts: { 0: [1] } } } });
  const folder = dirname(file);
  mkdirSync(join(folder, "math"));
  writeFileSync(join(folder, "math", "group.yaml"), stringify(group));
  for (const own of [join(folder, "own.jsonl"), join(folder, "math", "own.jsonl")])
    writeFileSync(own, '{"text":"a document"}\n'.repeat(20));
  const pathsOf = ({ groups }: Pick<Network, "groups">) => Object.values(groups).map(({ data }) => data[0]!.path);
  const template = loadNetworkTemplate(file);
  assert.deepEqual(pathsOf(template), [join(folder, "math", "own.jsonl"), join(folder, "own.jsonl")]);

  const made = join(folder, "made.yaml");
  const inlined = { ...template, groups: { math: { ...template.groups.math!, ...group } } };
  writeFileSync(made, stringify({ ...inlined, genesis: "ab".repeat(32) }));
  assert.deepEqual(pathsOf(loadNetwork(made)), [join(folder, "own.jsonl")]);
});

test("a template that says nothing of rewards pays by the default curve", (t) => {
  const { rewards: _, ...scoring } = smallNetwork.scoring;
  assert.deepEqual(loadNetworkTemplate(fileOf(t, { scoring })).scoring.rewards, DEFAULT_CURVE);
});

test("what is wrong with a template is named by file and field", (t) => {
  const rejects = (change: object, code: ErrorCode, message: RegExp) =>
    assert.throws(() => loadNetworkTemplate(fileOf(t, change)), { code, message });
  const group = (experts: object, kind: string) => ({ groups: { math: { experts, data: [{ kind }] } } });
  rejects({ model: "tny" }, "NETWORK_TEMPLATE_INVALID", /network\.yaml: model: .+ did you mean "tiny"\?$/);
  rejects({ nme: "x" }, "NETWORK_TEMPLATE_INVALID", /network\.yaml: unknown field nme$/);
  rejects(
    { model: { ...smallNetwork.model, head_dim: "x" } },
    "NETWORK_TEMPLATE_INVALID",
    /: model\.head_dim is "x": /,
  );
  rejects({ groups: { math: "nowhere.yaml" } }, "NETWORK_TEMPLATE_NOT_FOUND", /nowhere\.yaml/);
  rejects(group({ 0: [9] }, "arithmetic"), "EXPERT_GROUP_INVALID", /layer 0 has no expert 9/);
  rejects(group({ 0: [1] }, "arithmetc"), "UNKNOWN_DATASET", /did you mean "arithmetic"\?/);
  assert.throws(() => loadNetworkTemplate("nowhere.yaml"), { code: "NETWORK_TEMPLATE_NOT_FOUND" });
});

test("every differing field of two networks is listed", () => {
  const other = { ...smallNetwork, name: "other", phases: { ...smallNetwork.phases, train: 17 }, genesis: "x" };
  assert.deepEqual(networkDifferences(smallNetwork, other), [
    { field: "name", left: "small", right: "other" },
    { field: "phases.train", left: 16, right: 17 },
    { field: "genesis", left: undefined, right: "x" },
  ]);
});

test("one epoch falls into each cycle's merge, and one before the first cycle", () => {
  const { phases } = loadNetworkTemplate("configs/localnet/network.yaml");
  const length = cycleLength(phases);
  const tempo = subnetParameters({ phases }).tempo!;
  for (const netuid of [0, 1, 4]) {
    const epochs = Array.from({ length: 10 * length }, (_, block) => block).filter((block) =>
      isEpoch(netuid, tempo, block),
    );
    assert.equal(epochs.length, 10);
    for (const block of epochs) assert.ok(block % length >= length - phases.merge, `block ${block}`);
    for (let block = 0; block < 3 * length; block++) {
      const start = firstCycle(block, { netuid, phases }) * length;
      assert.ok(start > block && start <= block + 2 * length);
      assert.ok(epochs.some((epoch) => epoch > block && epoch < start));
    }
  }
});
