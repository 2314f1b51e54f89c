import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bls12_381 as bls } from "@noble/curves/bls12-381";
import fc from "fast-check";
import { QUICKNET, roundAt, timeOfRound } from "#shared/chain/timelock/beacon.js";
import { gtPower } from "#shared/chain/timelock/gt-power.js";
import { beaconPublicKey, signPulse, verifyPulse } from "#shared/chain/timelock/pulse.js";
import { decryptTimelock, encryptTimelock } from "#shared/chain/timelock/timelock.js";
import { coded } from "#tests/support/coded.js";
import { ourCiphertexts, seededBytes } from "../../../interop/timelock-ours.js";
import { drandVectors } from "./vectors.js";

const seed = Buffer.from("a beacon of our own");
const publicKey = beaconPublicKey(seed);
const round = 7;
const pulse = signPulse(seed, round);
const hex = (text: string) => Buffer.from(text, "hex");
const malformed = coded("TIMELOCK_MALFORMED");

describe("timelock", () => {
  it("opens with its round's pulse and with no other", () => {
    const plaintext = Buffer.from("seven");
    const ciphertext = encryptTimelock(plaintext, { round, publicKey });
    assert.deepEqual(Buffer.from(decryptTimelock(ciphertext, pulse)), plaintext);
    assert.throws(() => decryptTimelock(ciphertext, signPulse(seed, round + 1)), malformed);
    assert.throws(() => decryptTimelock(ciphertext, signPulse(Buffer.from("another beacon"), round)), malformed);
    const again = encryptTimelock(plaintext, { round, publicKey });
    assert.notDeepEqual(
      Buffer.from(again),
      Buffer.from(ciphertext),
      "a weak guess at the weights must not be testable",
    );
  });

  it("raises a pairing's value to a scalar", () => {
    const { Fr, Fp12 } = bls.fields;
    const base = bls.pairing(bls.G1.Point.BASE, bls.G2.Point.BASE);
    const scalars = fc.bigInt({ min: 0n, max: Fr.ORDER - 1n });
    const check = (scalar: bigint) => assert.ok(Fp12.eql(gtPower(base, scalar), Fp12.pow(base, scalar)), `${scalar}`);
    for (const scalar of [0n, 1n, 2n ** 64n, 0xd201000000010000n, 0xd201000000010000n ** 3n, Fr.ORDER - 1n])
      check(scalar);
    fc.assert(fc.property(scalars, check), { seed: 3, numRuns: 8 });
  });

  it("keeps any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.string(), (plaintext, randomness) => {
        const ciphertext = encryptTimelock(plaintext, { round, publicKey, random: seededBytes(randomness) });
        assert.deepEqual(Uint8Array.from(decryptTimelock(ciphertext, pulse)), plaintext);
      }),
      { seed: 1, numRuns: 8 },
    );
  });

  it("says that a byte was changed, wherever it was", () => {
    const ciphertext = encryptTimelock(Buffer.from("unchanged"), { round, publicKey });
    fc.assert(
      fc.property(fc.nat(ciphertext.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const altered = Uint8Array.from(ciphertext);
        altered[at]! ^= change;
        assert.throws(() => decryptTimelock(altered, pulse), malformed);
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  it("fails alike on anything that is no ciphertext, signature or key", () => {
    const ciphertext = encryptTimelock(Buffer.from("whole"), { round, publicKey });
    for (let length = 0; length < ciphertext.length; length++)
      assert.throws(() => decryptTimelock(ciphertext.subarray(0, length), pulse), malformed);
    const point = ciphertext.subarray(0, 96);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, hasPoint) => {
        assert.throws(() => decryptTimelock(hasPoint ? Buffer.concat([point, bytes]) : bytes, pulse), malformed);
      }),
      { seed: 3, numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 56 }), (signature) => {
        assert.throws(() => decryptTimelock(ciphertext, signature), malformed);
        assert.equal(verifyPulse(publicKey, round, signature), false);
      }),
      { seed: 4, numRuns: 30 },
    );
    const zero = Buffer.alloc(96);
    zero[0] = 0xc0;
    for (const key of ["", "00", zero.toString("hex"), "ff".repeat(96)])
      assert.throws(() => encryptTimelock(new Uint8Array(), { round, publicKey: key }), malformed);
    assert.throws(() => decryptTimelock(ciphertext, zero.subarray(0, 48)), malformed);
    for (const wrong of [-1, 0.5, Number.NaN, 2 ** 53])
      assert.throws(() => encryptTimelock(new Uint8Array(), { round: wrong, publicKey }), malformed);
  });

  it("leaves what it is given as it was", () => {
    const signature = Uint8Array.from(pulse);
    const ciphertext = encryptTimelock(Buffer.from("x"), { round, publicKey });
    const before = Uint8Array.from(ciphertext);
    for (let time = 0; time < 2; time++) decryptTimelock(ciphertext, signature);
    assert.deepEqual([signature, Uint8Array.from(ciphertext)], [Uint8Array.from(pulse), before]);
  });
});

describe("pulses", () => {
  it("are verified against the beacon's key and their round", () => {
    assert.ok(verifyPulse(publicKey, round, pulse));
    assert.ok(!verifyPulse(publicKey, round + 1, pulse));
    assert.ok(!verifyPulse(QUICKNET.publicKey, round, pulse));
    assert.ok(verifyPulse(QUICKNET.publicKey, drandVectors.round, hex(drandVectors.signature)), "quicknet's own");
  });

  it("have one form: the compressed point with the coordinate below p", () => {
    for (let later = round; ; later++) {
      const text = Buffer.from(signPulse(seed, later)).toString("hex");
      const other = (BigInt(`0x${text}`) + bls.fields.Fp.ORDER).toString(16);
      // Only where x + p has no more than 381 bits do the three flags before them stay as they are.
      if (hex(other)[0]! >> 5 !== hex(text)[0]! >> 5) continue;
      assert.ok(verifyPulse(publicKey, later, hex(text)));
      assert.ok(!verifyPulse(publicKey, later, hex(other)));
      break;
    }
  });

  it("come out one a period", () => {
    const beacon = { ...QUICKNET, genesisTime: 100, period: 3 };
    assert.deepEqual(
      [0, 99.999, 100, 102.999, 103, 106].map((seconds) => roundAt(seconds * 1000, beacon)),
      [0, 0, 1, 1, 2, 3],
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 60 }), (n, period) => {
        const timed = { ...beacon, period };
        assert.equal(roundAt(timeOfRound(n, timed), timed), n);
        assert.equal(roundAt(timeOfRound(n, timed) - 1, timed), n - 1);
      }),
      { seed: 5 },
    );
  });
});

describe("bittensor-drand", () => {
  it("opens ours: these are the bytes that it opened", () => assert.deepEqual(ourCiphertexts(), drandVectors.ours));

  it("is opened by us", () => {
    for (const { plaintext, ciphertext } of [...drandVectors.theirs, ...drandVectors.ours]) {
      const opened = decryptTimelock(hex(ciphertext), hex(drandVectors.signature));
      assert.equal(Buffer.from(opened).toString("hex"), plaintext);
    }
  });
});
