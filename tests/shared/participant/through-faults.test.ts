import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import { type BlockClock, startBlockClock } from "#shared/participant/block-clock.js";
import { throughFaults } from "#shared/participant/through-faults.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { openSubnet, until } from "../../support/subnet.js";
import { collectingLog } from "../chain/support.js";

const never = new Promise<never>(() => {});

describe("throughFaults", { timeout: HANG_GUARD }, () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
  const passing: Record<string, Error> = {
    "a chain that did not answer": new BlockZeroError("CHAIN_TIMEOUT", "no answer", "wait"),
    "a disk that was full": full,
    "a disk whose reserve was touched": new BlockZeroError("DISK_RESERVED", "no room", "give it more room"),
    "a store whose disk was full": new BlockZeroError("STORE_FAILED", "no space", "free space", { cause: full }),
  };

  for (const [name, fault] of Object.entries(passing))
    it(`begins again at the next block after ${name}, and not in the last one`, async (t) => {
      const subnet = await openSubnet(t);
      const stop = new AbortController();
      t.after(() => stop.abort());
      const clock = await startBlockClock(subnet.chain, stop.signal);
      const participant = { clock, signal: stop.signal, log: collectingLog().log };
      const start = clock.head.number;
      const begun: number[] = [];
      const work = async () => {
        begun.push(clock.head.number);
        if (begun.length < 3) throw fault;
        return "done";
      };
      const result = throughFaults(participant, { name: "work", deadline: start + 3 }, work);
      await subnet.to(start + 1);
      await until(t, () => begun.length === 2);
      await subnet.to(start + 2);
      assert.equal(await result, "done");
      begun.length = 0;
      await assert.rejects(throughFaults(participant, { name: "work", deadline: start + 3 }, work), fault);
      assert.deepEqual(begun, [start + 2]);
    });

  const refused = (code: string) => Object.assign(new Error(`${code}: refused, open`), { code, syscall: "open" });
  const lasting: Record<string, Error> = {
    "a file that may not be written": refused("EACCES"),
    "a store on a disk that is read alone": new BlockZeroError("STORE_FAILED", "refused", "remount", {
      cause: refused("EROFS"),
    }),
    "a name that is a folder": refused("EISDIR"),
  };

  for (const [name, fault] of Object.entries(lasting))
    it(`does not begin again after ${name}: the next block would refuse it as well`, async () => {
      const clock = { head: { number: 5 }, reach: () => never } as unknown as BlockClock;
      const participant = { clock, signal: new AbortController().signal, log: collectingLog().log };
      let begun = 0;
      const work = async () => {
        begun++;
        throw fault;
      };
      await assert.rejects(throughFaults(participant, { name: "work", deadline: 99 }, work), fault);
      assert.equal(begun, 1);
    });
});
