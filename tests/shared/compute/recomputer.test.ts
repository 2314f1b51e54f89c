import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openRecomputer } from "#shared/compute/recomputer.js";
import { SPRINT } from "../../support/sprint.js";
import { openSubnet } from "../../support/subnet.js";
import { device } from "../../support/updates.js";

describe("a recomputer", () => {
  it("reads the seeds again after the chain did not answer", async (t) => {
    const subnet = await openSubnet(t, { network: { sprint: SPRINT } });
    await subnet.to(subnet.window(1, "exchange").start);
    const [of, nonces] = [{ publicKey: subnet.signer("ann").publicKey, difficulty: 8 }, [0, 1, 2, 3]];
    const options = { sprint: SPRINT, cycle: 1, arithmetic: async () => ({ device, threads: 1 }) };
    let isSilent = true;
    const blockHash: typeof subnet.chain.blockHash = async (block) => {
      if (isSilent) throw new Error("no answer");
      return subnet.chain.blockHash(block);
    };
    const recomputer = openRecomputer({ ...subnet, chain: { ...subnet.chain, blockHash } }, options);
    const steady = openRecomputer(subnet, options);
    t.after(() => Promise.all([recomputer.dispose(), steady.dispose()]));
    await assert.rejects(recomputer.losers(of, nonces), /no answer/);
    isSilent = false;
    assert.deepEqual(await recomputer.losers(of, nonces), await steady.losers(of, nonces));
  });

  it("finds the same of several proofs a layer at a time, without loading a network", async (t) => {
    const subnet = await openSubnet(t, { network: { sprint: SPRINT } });
    await subnet.to(subnet.window(1, "exchange").start);
    const claim = (name: string, difficulty: number, count: number) => ({
      of: { publicKey: subnet.signer(name).publicKey, difficulty },
      nonces: Array.from({ length: count }, (_, nonce) => nonce),
    });
    const claims = [claim("ann", 8, 70), claim("vera", 2, 3), claim("ann", 8, 0)];
    const options = { sprint: SPRINT, cycle: 1 };
    const recomputer = openRecomputer(subnet, { ...options, arithmetic: () => assert.fail("a network was loaded") });
    const whole = openRecomputer(subnet, { ...options, arithmetic: async () => ({ device, threads: 1 }) });
    t.after(() => Promise.all([recomputer.dispose(), whole.dispose()]));
    const losers = await recomputer.losersOf(claims);
    assert.deepEqual(losers, await Promise.all(claims.map(({ of, nonces }) => whole.losers(of, nonces))));
    assert.ok(losers[0]!.length > 40 && losers[0]!.length < 70, `${losers[0]!.length}`);
    assert.deepEqual(await recomputer.losersOf(claims), losers);
  });
});
