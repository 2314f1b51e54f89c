import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Participant } from "#shared/participant/participant.js";
import { runCycles } from "#shared/participant/run-cycles.js";
import { runParticipant } from "#shared/participant/run-participant.js";
import { sha256 } from "#shared/protocol/hash.js";
import { networkHash } from "#shared/protocol/network.js";
import { collectingLog } from "../../shared/chain/support.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { openSubnet } from "../../support/subnet.js";
import { publishFile, successorOf } from "../../support/successor.js";

it("a program counts as joining until its cycles begin, however long it fetches and compiles before", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { validatorConfig } = await openSubnet(t);
  const config = validatorConfig("ann", { "listen.port": 0, "metrics.listen": "off" });
  const { log } = collectingLog();
  const { signal } = t;
  await assert.rejects(
    runParticipant(config, { role: "validator", version: "0", log, signal }, async (participant) => {
      const { health } = participant.telemetry;
      assert.equal(health.problem(), "joining the subnet");
      runCycles(participant, {
        failure: "missed merge",
        first: ({ cycle }) => cycle + 1,
        run: async () => assert.fail("no block comes"),
      }).catch(() => {});
      assert.equal(health.problem(), null);
      throw new BlockZeroError("STOPPED", "that is all", "join again");
    }),
    { code: "STOPPED" },
  );
});

/** Nobody listens there. */
const DOWN = "ws://127.0.0.1:1";

it("who goes over to another network file waits for a chain that does not answer at that moment; who starts ends", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { node, validatorConfig } = await openSubnet(t);
  let endpoint = DOWN;
  const config = {
    ...validatorConfig("ann", { "listen.port": 0, "metrics.listen": "off" }),
    get chain_endpoint() {
      return [endpoint];
    },
  };
  const { log, said } = collectingLog();
  const { signal } = t;
  const run = (participate: () => Promise<never>) =>
    runParticipant(config, { role: "validator", version: "0", log, signal, againMs: 1 }, participate);
  await assert.rejects(
    run(async () => assert.fail("it has not joined")),
    { code: "CHAIN_UNREACHABLE" },
  );

  endpoint = node.endpoint;
  void said("not yet joined under the new network file").then(() => {
    endpoint = node.endpoint;
  });
  let joined = 0;
  await assert.rejects(
    run(async () => {
      joined++;
      endpoint = DOWN;
      if (joined === 1) throw new BlockZeroError("NETWORK_SUCCEEDED", "another file is in force", "join again");
      throw new BlockZeroError("STOPPED", "joined again", "that is all");
    }),
    { code: "STOPPED" },
  );
  assert.equal(joined, 2);
});

it("who goes over to another network file waits for its text; who starts ends", { timeout: HANG_GUARD }, async (t) => {
  const subnet = await openSubnet(t);
  const { groups } = subnet.network;
  const text = Buffer.from(`${JSON.stringify({ text: "what nobody sends yet ".repeat(20) })}\n`.repeat(40));
  const data = [{ kind: "jsonl", sha256: sha256(text), bytes: text.length, weight: 1 }];
  const next = successorOf(subnet.network, 2, { groups: { ...groups, math: { ...groups.math!, data } } });
  const { log, said } = collectingLog();
  const { signal } = t;
  const run = (name: string, participate: (participant: Participant) => Promise<never>) => {
    const config = subnet.validatorConfig(name, { "listen.port": 0, "metrics.listen": "off" });
    return runParticipant(config, { role: "validator", version: "0", log, signal, againMs: 1 }, participate);
  };
  const sent = said("not yet joined under the new network file").then(() => subnet.store.put(text));
  let joined = 0;
  await assert.rejects(
    run("ann", async ({ networkHash: own }) => {
      joined++;
      assert.equal(own, joined === 1 ? subnet.networkHash : networkHash(next));
      if (joined === 2) throw new BlockZeroError("STOPPED", "joined again", "that is all");
      await publishFile(subnet, next);
      await subnet.to(subnet.window(2, "distribute").start - 1);
      throw new BlockZeroError("NETWORK_SUCCEEDED", "another file is in force", "join again");
    }),
    { code: "STOPPED" },
  );
  await sent;
  assert.equal(joined, 2);

  await subnet.store.delete(sha256(text));
  await assert.rejects(
    run("bob", async () => assert.fail("it has not joined")),
    { code: "TEXT_MISSING" },
  );
});

it("who goes over to another network file waits for a chain that does not answer before its cycles begin, too", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { chain, to, validatorConfig } = await openSubnet(t);
  const config = validatorConfig("ann", { "listen.port": 0, "metrics.listen": "off" });
  const { log, said } = collectingLog();
  const { signal } = t;
  const down = new BlockZeroError("CHAIN_TIMEOUT", "the chain does not answer", "wait");
  const run = (participate: () => Promise<never>) =>
    runParticipant(config, { role: "validator", version: "0", log, signal }, participate);
  await assert.rejects(
    run(async () => {
      throw down;
    }),
    { code: "CHAIN_TIMEOUT" },
  );

  const block = said("not yet under the new network file").then(async () => to((await chain.head()).number + 1));
  let joined = 0;
  await assert.rejects(
    run(async () => {
      joined++;
      if (joined === 1) throw new BlockZeroError("NETWORK_SUCCEEDED", "another file is in force", "join again");
      if (joined === 2) throw down;
      throw new BlockZeroError("STOPPED", "joined again", "that is all");
    }),
    { code: "STOPPED" },
  );
  await block;
  assert.equal(joined, 3);
});

it("who waits to go over to another network file hears that its home was taken over", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { home, validatorConfig } = await openSubnet(t);
  const config = validatorConfig("ann", { "listen.port": 0, "metrics.listen": "off" });
  const { log, said } = collectingLog();
  let lock = "";
  let joined = 0;
  const taken = said("not yet under the new network file").then(() => writeFileSync(lock, "another's"));
  await assert.rejects(
    runParticipant(config, { role: "validator", version: "0", log, signal: t.signal }, async ({ signer }) => {
      joined++;
      if (joined === 1) throw new BlockZeroError("NETWORK_SUCCEEDED", "another file is in force", "join again");
      lock = join(home, "ann", signer.address, "lock");
      throw new BlockZeroError("CHAIN_TIMEOUT", "the chain does not answer", "wait");
    }),
    { code: "HOME_IN_USE" },
  );
  await taken;
  assert.equal(joined, 2);
});
