import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeAxon, encodeIp } from "#shared/chain/subtensor/axon.js";
import { ChainRejected } from "#shared/chain/writer/chain-rejected.js";

const roundTrip = (text: string) => {
  const { ip, ipType } = encodeIp(text);
  return decodeAxon(ip, 8091, ipType)?.ip;
};

describe("an axon's address on chain", () => {
  it("is a number, most significant part first", () => {
    assert.deepEqual(encodeIp("10.0.0.1"), { ip: (10n << 24n) + 1n, ipType: 4 });
    assert.deepEqual(encodeIp("::1"), { ip: 1n, ipType: 6 });
    assert.deepEqual(encodeIp("2001:db8::ff"), { ip: 0x20010db8_0000_0000_0000_0000_000000ffn, ipType: 6 });
    assert.deepEqual(encodeIp("::ffff:1.2.3.4"), { ip: 0xffff_01020304n, ipType: 6 });
  });

  it("comes back as it was", () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        fc.pre(text !== "0.0.0.0");
        assert.equal(roundTrip(text), text);
      }),
      { seed: 1 },
    );
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const first = roundTrip(text);
        fc.pre(first !== undefined);
        // The text may change, what it means may not.
        assert.deepEqual(encodeIp(first!), encodeIp(text));
      }),
      { seed: 2 },
    );
  });

  it("is nothing where the chain keeps zeros, and refuses what is no address", () => {
    assert.equal(decodeAxon(0n, 8091, 4), null);
    assert.equal(decodeAxon(1n, 0, 4), null);
    for (const text of ["", "localhost", "1.2.3", "1.2.3.256", ":::", "fe80::1%eth0 "])
      assert.throws(
        () => encodeIp(text),
        (error) => error instanceof ChainRejected && error.reason === "InvalidIpAddress",
      );
  });
});
