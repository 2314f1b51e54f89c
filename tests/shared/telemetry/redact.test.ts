import assert from "node:assert/strict";
import { test } from "node:test";
import { redactText, redactUrls } from "#shared/telemetry/redact.js";

const KEY = "3f9c0b7e5d2a41c8";

test("what is secret in a URL: user and password, query, a key in an endpoint's path", () => {
  for (const url of [
    `wss://user:${KEY}@node.example:9944/x`,
    `wss://${KEY}@node.example`,
    `wss://user:p@${KEY}@node.example`,
    `wss://node.example/?apikey=${KEY}`,
    `wss://node.example/ws?x=1&${KEY}`,
    `https://bucket.example/object?X-Amz-Signature=${KEY}#part`,
    `wss://node.example/v2/${KEY}${KEY}`,
    `wss://node.example/${KEY}${KEY}/ws`,
  ])
    for (const text of [url, `no chain at ${url}: refused`, `"${url}" and ${url},`]) {
      assert.doesNotMatch(redactUrls(text), new RegExp(KEY), text);
      assert.match(redactUrls(text), /(node|bucket)\.example/);
    }
});

test("what is not secret stays", () => {
  for (const text of [
    "wss://entrypoint-finney.opentensor.ai:443",
    "ws://127.0.0.1:9944",
    `http://203.0.113.7:80/blob/${"ab".repeat(32)}`,
    "is it there? https://wandb.ai/authorize",
    "a@b.example",
  ])
    assert.equal(redactUrls(text), text);
});

test("only what is secret goes from a line of several URLs", () => {
  const key = `${KEY}${KEY}`;
  assert.equal(
    redactUrls(
      `ws://a.example/, http://b.example/x?q=${KEY}#part; wss://u:p@c.example/v2/${key}/ws <https://d.example/?>`,
    ),
    "ws://a.example/, http://b.example/x?[redacted]#part; wss://[redacted]@c.example/v2/[redacted]/ws <https://d.example/?>",
  );
});

test("a text that is cut shows no part of a secret", () => {
  for (let before = 4000; before <= 4100; before++)
    assert.doesNotMatch(redactText(`${"x".repeat(before)} wss://user:${KEY}@node.example`), /3f9c/);
});
