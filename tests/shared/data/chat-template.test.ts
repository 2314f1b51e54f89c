import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderChat } from "#shared/data/chat-template.js";

/** SmolLM2's and ChatML's form. */
const CHATML =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
const messages = [{ role: "user", content: "Hi {{ 1 + 1 }}" }];

describe("a chat template", () => {
  it("makes messages the text that the model knows, and nothing of them a template", () => {
    const text = "<|im_start|>user\nHi {{ 1 + 1 }}<|im_end|>\n";
    assert.equal(renderChat(CHATML, messages, { addGenerationPrompt: false }), text);
    assert.equal(renderChat(CHATML, messages, { addGenerationPrompt: true }), `${text}<|im_start|>assistant\n`);
  });

  it("may name special tokens", () => {
    const options = { addGenerationPrompt: true, variables: { bos_token: "<s>" } };
    assert.equal(renderChat("{{ bos_token }}{{ messages[0].content }}", messages, options), "<s>Hi {{ 1 + 1 }}");
  });

  it("has lists of numbers as long as any conversation, and no longer: a heap that is full would end the program", () => {
    const render = (template: string) => renderChat(template, messages, { addGenerationPrompt: true });
    for (const [numbers, text] of [
      ["range(3)", "0,1,2,"],
      ["range(1, 3)", "1,2,"],
      ["range(5, 0, -2)", "5,3,1,"],
      ["range(3, 3)", ""],
      ["range(100000)[99999:]", "99999,"],
    ])
      assert.equal(render(`{% for i in ${numbers} %}{{ i }},{% endfor %}`), text);
    for (const numbers of ["range(100001)", "range(1000000000000)", "range(0, -1000000000000, -1)", "range(0, 1, 0)"])
      assert.throws(() => render(`{% for i in ${numbers} %}{% endfor %}`), {
        code: "CHAT_TEMPLATE_INVALID",
        message: /range\(\) /,
      });
  });

  it("is refused at once where it raises a text of megabytes", () => {
    const doubled = "{% for i in range(25) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}";
    const template = `{% set ns = namespace(s=' ') %}${doubled}{{ raise_exception(ns.s ~ 'x') }}`;
    assert.throws(() => renderChat(template, messages, { addGenerationPrompt: true }), {
      code: "CHAT_TEMPLATE_INVALID",
    });
  });

  it("is refused where it cannot be read, refuses, or never ends", () => {
    const loop = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    for (const template of ["{% for %}", "{{ raise_exception('no') }}", loop, "x".repeat(300_000)])
      assert.throws(() => renderChat(template, messages, { addGenerationPrompt: true }), {
        code: "CHAT_TEMPLATE_INVALID",
      });
  });
});
