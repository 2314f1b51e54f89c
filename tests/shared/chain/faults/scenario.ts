import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as yieldToEvents } from "node:timers/promises";
import fc from "fast-check";
import { setCommitment } from "#shared/chain/call.js";
import type { Inclusion } from "#shared/chain/chain.js";
import { systemClock } from "#shared/chain/clock.js";
import { connectDevchain, type DevchainClient } from "#shared/chain/devchain/client.js";
import { type Extrinsic, extrinsicHash } from "#shared/chain/devchain/extrinsic.js";
import { genesisSchema } from "#shared/chain/devchain/genesis.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Signer } from "#shared/protocol/signer.js";
import { blockSchema } from "#shared/simulators/devchain/block.js";
import { type DevNode, openNode } from "#shared/simulators/devchain/node.js";
import { type RpcServer, serveNode } from "#shared/simulators/devchain/server.js";
import { collectingLog, type Keys, makeGenesis, manualClock, NETUID } from "../support.js";
import { type FaultProxy, type SubmitFault, startFaultProxy } from "./fault-proxy.js";

export type Action =
  | { readonly do: "write"; readonly key: "miner" | "validator" | "other" }
  | { readonly do: "build"; readonly blocks: number }
  | { readonly do: "undo"; readonly keep: boolean }
  | { readonly do: "submit fault"; readonly at: number; readonly fault: SubmitFault }
  | { readonly do: "cut" | "mute" | "refuse" | "admit" | "swallow" | "digest"; readonly at: number }
  | { readonly do: "restart node" | "crash client" | "rival" | "wait" };

const ENDPOINTS = 2;
const at = fc.nat(ENDPOINTS - 1);

export const actions: fc.Arbitrary<readonly Action[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant("write" as const),
        key: fc.constantFrom("miner" as const, "validator" as const, "other" as const),
      }),
    },
    { weight: 6, arbitrary: fc.record({ do: fc.constant("build" as const), blocks: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("undo" as const), keep: fc.boolean() }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("submit fault" as const),
        at,
        fault: fc.constantFrom<SubmitFault>("cut before", "cut after", "cut after inclusion", "twice"),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constantFrom(
          "cut" as const,
          "mute" as const,
          "refuse" as const,
          "admit" as const,
          "swallow" as const,
          "digest" as const,
        ),
        at,
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constantFrom("restart node" as const, "crash client" as const, "rival" as const, "wait" as const),
      }),
    },
  ),
  { minLength: 4, maxLength: 24 },
);

interface Written {
  readonly value: string;
  readonly key: keyof Keys;
  outcome?: Inclusion | BlockZeroError;
}

/** Enough turns of the event loop for a message to go from end to end and back. */
const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await yieldToEvents();
};

/**
 * Plays a scenario against a real node, heals every fault, waits for every write, and compares what was reported with the chain's own
 * blocks. Throws where a write was lost, doubled, or reported otherwise than it went.
 */
export const playScenario = async (
  keys: Keys,
  script: readonly Action[],
): Promise<{ writes: number; blocks: number }> => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-faults-"));
  const genesis = genesisSchema.parse(makeGenesis(keys));
  const { log, lines } = collectingLog();
  const { clock, advance } = manualClock();
  const start = async (): Promise<{ node: DevNode; server: RpcServer }> => {
    const home = join(folder, "chain");
    const node = await openNode({ home, genesis, blockTimeMs: 0, retention: 4096, clock: systemClock, log });
    return { node, server: await serveNode(node, 0, log) };
  };
  let { node, server } = await start();
  const proxies: FaultProxy[] = [];
  for (let i = 0; i < ENDPOINTS; i++)
    proxies.push(
      await startFaultProxy(
        () => server.endpoint,
        () => node.newBlocks(1),
      ),
    );

  const written: Written[] = [];
  let chain: DevchainClient | undefined;
  /** The client may be a while connecting, or be crashed meanwhile. */
  const connectClient = () =>
    connectDevchain({
      endpoint: proxies.map(({ endpoint }) => endpoint),
      log,
      clock,
      random: () => 0.5,
      timeoutMs: 1e9,
      staleMs: 1e9,
      confirmations: 1,
      keyFolder: join(folder, "keys"),
    });
  const submit = (write: Written) => {
    const client = chain!;
    const signer: Signer = keys[write.key];
    client.submit(setCommitment(NETUID, write.value), signer).then(
      (inclusion) => {
        write.outcome = inclusion;
      },
      (error: unknown) => {
        assert.ok(error instanceof BlockZeroError, String(error));
        if (client === chain || error.code !== "CHAIN_CLOSED") write.outcome = error;
      },
    );
  };
  const restartClient = async () => {
    const crashed = chain;
    chain = undefined;
    await crashed?.close();
    for (const proxy of proxies) proxy.isRefusing = false;
    const connecting = connectClient();
    let isOver = false;
    void connecting.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      advance(100);
      await turns(1);
    }
    chain = await connecting;
    for (const write of written) if (!write.outcome && !write.value.startsWith("rival")) submit(write);
  };

  const isPoolFilled = () =>
    Object.values(keys).some(
      ({ address }: Signer) => node.nextNonce(address) > (node.history.latest.nonces.get(address) ?? 0),
    );
  let mayUndo = false;
  const build = (blocks: number) => {
    node.newBlocks(blocks);
    mayUndo = true;
  };
  const act = async (action: Action): Promise<void> => {
    switch (action.do) {
      case "write": {
        const write: Written = { value: `${action.key} ${written.length}`, key: action.key };
        written.push(write);
        return submit(write);
      }
      case "build":
        return build(action.blocks);
      case "undo":
        // By one block: what replaced a block may be undone again, what lies below it may not.
        if (mayUndo) node.undoBlock(action.keep);
        mayUndo = false;
        return;
      case "submit fault":
        proxies[action.at]!.submitFault = action.fault;
        return;
      case "cut":
        return proxies[action.at]!.cut();
      case "mute":
        return proxies[action.at]!.mute();
      case "refuse":
      case "admit":
        proxies[action.at]!.isRefusing = action.do === "refuse";
        return;
      case "swallow":
      case "digest":
        proxies[action.at]!.isBlackHole = action.do === "swallow";
        return;
      case "restart node":
        await server.close();
        node.close();
        ({ node, server } = await start());
        return;
      case "crash client":
        return restartClient();
      case "rival": {
        const rival = await connectDevchain({ endpoint: server.endpoint });
        const write: Written = { value: `rival ${written.length}`, key: "miner" };
        const inclusion = rival.submit(setCommitment(NETUID, write.value), keys.miner);
        let isOver = false;
        void inclusion.finally(() => {
          isOver = true;
        });
        while (!isOver) {
          if (isPoolFilled()) build(1);
          await turns(2);
        }
        write.outcome = await inclusion;
        // It asks for no confirmation: a block on top keeps it where it is.
        build(1);
        written.push(write);
        return rival.close();
      }
      case "wait":
        advance(1000);
        return;
    }
  };

  const heal = () => {
    for (const proxy of proxies) {
      proxy.isBlackHole = false;
      proxy.isRefusing = false;
      proxy.submitFault = undefined;
      proxy.cut();
    }
  };

  try {
    await restartClient();
    for (const action of script) {
      await act(action);
      advance(50);
      await turns(4);
    }
    heal();
    for (let round = 0; written.some(({ outcome }) => !outcome); round++) {
      assert.ok(round < 2000, `never reported: ${JSON.stringify(written)}\n${JSON.stringify(lines.slice(-5))}`);
      if (isPoolFilled() || round % 10 === 9) node.newBlocks(1);
      advance(200);
      await turns(2);
    }
    // Nothing that was reported may come again.
    for (let block = 0; block < 3; block++) {
      node.newBlocks(1);
      await turns(4);
    }
    compare(written, join(folder, "chain", "blocks.jsonl"), node);
    return { writes: written.length, blocks: node.history.head.number };
  } finally {
    await chain?.close();
    for (const proxy of proxies) await proxy.close();
    await server.close();
    node.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Every value stands in exactly one block, the one that was reported, with the outcome that was reported. */
const compare = (written: readonly Written[], blocks: string, node: DevNode): void => {
  const found = new Map<string, { block: number; extrinsic: Extrinsic }[]>();
  for (const line of readFileSync(blocks, "utf8").trim().split("\n").slice(1)) {
    const { header, extrinsics } = blockSchema.parse(JSON.parse(line));
    for (const extrinsic of extrinsics) {
      if (extrinsic.call.name !== "setCommitment") continue;
      const { data } = extrinsic.call.args;
      found.set(data, [...(found.get(data) ?? []), { block: header.number, extrinsic }]);
    }
  }
  for (const { value, outcome } of written) {
    const places = found.get(value) ?? [];
    assert.equal(places.length, 1, `${value} is in blocks ${places.map(({ block }) => block)}, reported ${outcome}`);
    const [{ block, extrinsic }] = places as [(typeof places)[0]];
    const receipt = node.history.receipt(extrinsicHash(extrinsic));
    if (outcome instanceof BlockZeroError) {
      assert.equal(outcome.code, "CHAIN_REJECTED", String(outcome));
      assert.ok(receipt?.error, `${value} took effect and was reported as ${outcome.message}`);
    } else {
      assert.deepEqual([outcome?.block, receipt?.error], [block, undefined], value);
    }
  }
  assert.equal(found.size, written.length);
};
