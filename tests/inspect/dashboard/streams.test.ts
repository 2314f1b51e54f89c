import assert from "node:assert/strict";
import { it } from "node:test";
import { createStreams } from "#inspect/dashboard/streams.js";

it("a stream that nobody reads is dropped, and its place is free again; the others go on", async () => {
  const streams = createStreams({ most: 2, perAddress: 2 });
  const slow = streams.open("a", "first\n\n")!;
  const fast = streams.open("b", "first\n\n")!.getReader();
  assert.equal(streams.open("c", ""), null);
  const read: string[] = [];
  const take = async () => read.push(Buffer.from((await fast.read()).value!).toString());
  await take();
  for (let i = 0; i < 40; i++) {
    streams.send("block", String(i));
    await take();
  }
  assert.deepEqual([read.length, read.at(-1), streams.size()], [41, "event: block\ndata: 39\n\n", 1]);
  // What the slow one has not taken is bounded.
  let held = 0;
  for await (const _ of slow) held += 1;
  assert.ok(held <= 17, String(held));
  assert.ok(streams.open("c", ""));
  await fast.cancel();
  assert.equal(streams.size(), 1);
  streams.close();
  assert.equal(streams.size(), 0);
});

it("a host with a whole IPv6 network has the places of one address", () => {
  const streams = createStreams({ most: 4, perAddress: 1 });
  assert.ok(streams.open("2001:db8::1", ""));
  assert.equal(streams.open("2001:db8::2", ""), null);
  assert.ok(streams.open("2001:db8:0:1::2", ""));
  assert.ok(streams.open("::ffff:192.0.2.1", ""));
  assert.equal(streams.open("192.0.2.1", ""), null);
  streams.close();
});
