import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { stringify } from "yaml";
import { BlockZeroError } from "#shared/errors/error.js";
import { agreeOnNetwork } from "#shared/participant/join/agree-on-network.js";
import { runCycles } from "#shared/participant/run-cycles.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { type Network, networkBytes, networkHash } from "#shared/protocol/network.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { coded } from "../../../support/coded.js";
import { HANG_GUARD } from "../../../support/hang-guard.js";
import { NETUID } from "../../../support/micro-network.js";
import { askedInVain, type Joined, openSubnet, type Subnet, until } from "../../../support/subnet.js";
import { successorOf } from "../../../support/successor.js";

/** The owner names a file, and its server does not have it. */
const announce = async ({ record, location }: Subnet, network: Network): Promise<string> => {
  const hash = networkHash(network);
  await record({ owner: encodeRecord({ type: "network", network: shortHash(hash), hash, location }) });
  return hash;
};

const warned = ({ lines }: Joined) =>
  lines.find(({ message }) => message.startsWith("the network file that the owner published cannot be had: "));

/** Records of validators, under a network file. */
const workUnder = ({ record }: Subnet, network: string, cycle = 1) => {
  const held = encodeRecord({ type: "held", network: shortHash(network), cycle, held: [0] });
  return record({ vera: held, vito: held });
};

/** A chain that has forgotten all states but the newest. */
const forgetful = ({ chain }: Joined): Joined["chain"] => {
  const discarded = () => Promise.reject(new BlockZeroError("STATE_DISCARDED", "gone", "ask an archive node"));
  return {
    ...chain,
    metagraph: (netuid, at) => (at === undefined ? chain.metagraph(netuid) : discarded()),
    commitments: (netuid, at) => (at === undefined ? chain.commitments(netuid) : discarded()),
  };
};

const startAgain = (who: Joined, home: string, network?: string) =>
  agreeOnNetwork({ netuid: NETUID, network }, home, { ...who, chain: forgetful(who) });

const open = async (t: TestContext) => {
  const subnet = await openSubnet(t);
  return { subnet, next: successorOf(subnet.network, 3, { scoring: { ...subnet.network.scoring, eval_batches: 10 } }) };
};

describe("a participant that starts while nobody sends an announced network file", { timeout: HANG_GUARD }, () => {
  it("begins under the one in force, asks in every cycle, and goes over once somebody has the file", async (t) => {
    const { subnet, next } = await open(t);
    const hash = await announce(subnet, next);
    const ann = await subnet.join("ann");
    assert.equal(ann.networkHash, subnet.networkHash);
    assert.deepEqual([warned(ann)?.fields.network, warned(ann)?.fields.inForce], [hash, subnet.networkHash]);
    const lived: number[] = [];
    const running = runCycles(ann, {
      failure: "missed",
      first: ({ cycle }) => cycle,
      run: async (cycle) => void lived.push(cycle),
    });
    const over = assert.rejects(running, coded("NETWORK_SUCCEEDED", /goes over/));
    const since = ann.lines.length;
    await subnet.to(subnet.window(1, "distribute").start);
    await askedInVain(t, subnet, ann, since);
    await until(t, () => lived.includes(1));
    await subnet.store.put(networkBytes(next));
    await subnet.to(subnet.window(2, "distribute").start);
    await until(t, () => lived.includes(2));
    assert.ok(ann.lines.some(({ message }) => message === "another network file is announced"));
    await subnet.to(subnet.window(3, "distribute").start);
    await over;
    await ann.leave();
    assert.equal((await subnet.join("ann")).networkHash, hash);
  });

  it("knows the one in force from its last start, or from the operator, where the node forgot it", async (t) => {
    const { subnet, next } = await open(t);
    const ann = await subnet.join("ann");
    const home = join(subnet.home, "ann", ann.signer.address);
    const hash = await announce(subnet, next);
    assert.equal((await startAgain(ann, home)).networkHash, subnet.networkHash);

    const elsewhere = join(subnet.home, "elsewhere");
    const missing = coded("FETCH_NOT_FOUND", new RegExp(`^the network file of subnet 1, ${hash} could not be had`));
    await assert.rejects(startAgain(ann, elsewhere), missing);
    const own = join(subnet.home, "own.yaml");
    writeFileSync(own, stringify(subnet.network));
    await assert.rejects(startAgain(ann, elsewhere, own), missing, "nothing says that it is in force");
    await workUnder(subnet, subnet.networkHash);
    assert.equal((await startAgain(ann, elsewhere, own)).networkHash, subnet.networkHash);
    await workUnder(subnet, "0".repeat(64), 2);
    await assert.rejects(startAgain(ann, home, own), missing, "neither is in force");
  });

  it("takes the file from a participant whose record of an earlier phase named its server", async (t) => {
    const { subnet, next } = await open(t);
    const bob = await subnet.join("bob");
    const ann = await subnet.join("ann");
    await bob.blobs.put(networkBytes(next));
    const head = { network: shortHash(subnet.networkHash), cycle: 1 };
    const { start, end } = subnet.window(1, "evaluate");
    await subnet.to(end - 2);
    const { location } = bob;
    await subnet.record({ vera: encodeRecord({ type: "report", ...head, report: "1".repeat(64), location }) });
    await subnet.to(end);
    await workUnder(subnet, subnet.networkHash);
    const hash = await announce(subnet, successorOf(subnet.network, 3, { scoring: next.scoring }));
    const home = join(subnet.home, "ann", ann.signer.address);
    await agreeOnNetwork({ netuid: NETUID, network: undefined }, home, ann);
    assert.ok(start < subnet.node.head.number);
    assert.equal(warned(ann), undefined);
    const bytes = await ann.blobs.get({ hash, maxBytes: 1 << 20, locations: [], signal: ann.signal });
    assert.deepEqual(new Uint8Array(bytes), networkBytes(next));
  });

  it("lives on under the one in force where what another participant sends is of a later version", async (t) => {
    const { subnet, next } = await open(t);
    const bob = await subnet.join("bob");
    const ann = await subnet.join("ann");
    const later = canonicalBytes({ ...next, new_field: 1 });
    await bob.blobs.put(later);
    const head = { network: shortHash(subnet.networkHash), cycle: 1 };
    const { end } = subnet.window(1, "evaluate");
    await subnet.to(end - 2);
    const report = { type: "report", ...head, report: "1".repeat(64), location: bob.location } as const;
    await subnet.record({ vera: encodeRecord(report) });
    await subnet.to(end);
    await workUnder(subnet, subnet.networkHash);
    const hash = sha256(later);
    const { location } = subnet;
    await subnet.record({ owner: encodeRecord({ type: "network", network: shortHash(hash), hash, location }) });
    const told = () =>
      ann.lines.filter(({ message }) => message.startsWith("an announced network file cannot be read"));
    const start = async (who: Joined, home: string, network?: string) =>
      (await agreeOnNetwork({ netuid: NETUID, network }, home, who)).networkHash;
    assert.equal(await start(ann, join(subnet.home, "ann", ann.signer.address)), subnet.networkHash);
    assert.deepEqual(
      told().map(({ fields }) => [fields.network, fields.cycle]),
      [[hash, 3]],
    );

    // The one that it succeeds is in no store but the operator's own file.
    const own = join(subnet.home, "own.yaml");
    writeFileSync(own, stringify(subnet.network));
    const get: Joined["blobs"]["get"] = (request) =>
      request.hash === subnet.networkHash
        ? Promise.reject(new BlockZeroError("FETCH_NOT_FOUND", "nobody has it", "ask later"))
        : ann.blobs.get(request);
    const alone = { ...ann, blobs: { ...ann.blobs, get } };
    assert.equal(await start(alone, join(subnet.home, "elsewhere"), own), subnet.networkHash);
    assert.equal(told().length, 2);

    // Nor is it one to go by where the owner's record named it before.
    const gone = "f".repeat(64);
    await subnet.record({ owner: encodeRecord({ type: "network", network: shortHash(gone), hash: gone, location }) });
    assert.equal(await start(ann, join(subnet.home, "third")), subnet.networkHash);
  });

  it("is refused once validators work under the file, and who runs then does nothing under the former one", async (t) => {
    const { subnet, next } = await open(t);
    const ann = await subnet.join("ann");
    const hash = await announce(subnet, next);
    await workUnder(subnet, hash, 3);
    await assert.rejects(
      subnet.join("bob"),
      coded(
        "NETWORK_MISSING",
        new RegExp(`^the network file of subnet 1, ${hash} .*; validators work under it already$`),
      ),
    );
    const running = runCycles(ann, {
      failure: "missed",
      first: () => 3,
      run: async () => assert.fail("under the former file"),
    });
    const ended = assert.rejects(running, { name: "AbortError" });
    const since = ann.lines.length;
    await subnet.to(subnet.window(3, "distribute").start);
    await askedInVain(t, subnet, ann, since);
    await until(t, () => ann.lines.some(({ message }) => message === "missed"));
    assert.equal(ann.lines.find(({ message }) => message === "missed")?.fields.code, "NETWORK_MISSING");
    ann.abort();
    await ended;
  });
});
