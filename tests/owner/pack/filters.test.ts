import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { filtersOf } from "#owner/pack/filters/index.js";
import { packSettingsSchema } from "#owner/pack/settings.js";
import { createWords, findWords } from "#owner/pack/text/words.js";

/** Why each of the filters leaves a text out. */
const reasonsOf = (text: string, fewest = 50): readonly string[] => {
  const settings = packSettingsSchema.parse({ filters: { length: { words: [fewest, 100_000] } } });
  const words = findWords(text, createWords());
  return [...filtersOf(settings).values()].flatMap((filter) => filter(text, words) ?? []);
};

/** From the Universal Declaration of Human Rights. */
const DECLARATION = {
  chinese: `人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。
人人有权享有生命、自由和人身安全。任何人不得使为奴隶或奴役；一切形式的奴隶制度和奴隶买卖，均应予以禁止。任何人不得加以酷刑，或施以残忍的、不人道的或侮辱性的待遇或刑罚。
人人在任何地方有权被承认在法律前的人格。法律之前人人平等，并有权享受法律的平等保护，不受任何歧视。人人有权享受平等保护，以免受违反本宣言的任何歧视行为以及煽动这种歧视的任何行为之害。
任何人当宪法或法律所赋予他的基本权利遭受侵害时，有权由合格的国家法庭对这种侵害行为作有效的补救。任何人不得加以任意逮捕、拘禁或放逐。`,
  japanese: `すべての人間は、生れながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。
すべて人は、生命、自由及び身体の安全に対する権利を有する。何人も、奴隷にされ、又は苦役に服することはない。奴隷制度及び奴隷売買は、いかなる形においても禁止する。`,
  thai: `มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม และควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ
ทุกคนย่อมมีสิทธิและอิสรภาพบรรดาที่กำหนดไว้ในปฏิญญานี้ โดยปราศจากความแตกต่างไม่ว่าชนิดใด ๆ ดังเช่น เชื้อชาติ ผิว เพศ ภาษา ศาสนา ความคิดเห็นทางการเมืองหรือทางอื่น
คนทุกคนมีสิทธิในการดำรงชีวิต เสรีภาพ และความมั่นคงแห่งตัวตน บุคคลใด ๆ จะตกอยู่ในความเป็นทาสหรือสภาวะจำยอมไม่ได้`,
  lao: "ມະນຸດທຸກຄົນເກີດມາມີກຽດສັກສີ, ສິດທິ, ເສລີພາບ ແລະ ຄວາມສະເໝີພາບເທົ່າທຽມກັນ. ທຸກຄົນມີເຫດຜົນ ແລະ ມີຄວາມຄິດຈິດໃຈສ່ວນຕົວຂອງໃຜຂອງມັນ, ດ້ວຍເຫດນັ້ນ ມະນຸດແຕ່ລະຄົນຄວນປະພຶດຕໍ່ກັນຄືກັບເປັນອ້າຍນ້ອງກັນ.",
  khmer:
    "មនុស្សទាំងអស់ កើតមកមានសេរីភាព និងសមភាព ក្នុងផ្នែកសេចក្ដីថ្លៃថ្នូរនិងសិទ្ធិ។ មនុស្ស មានវិចារណញ្ញាណនិងសតិសម្បជញ្ញៈជាប់ពីកំណើត ហើយគប្បីប្រព្រឹត្ដចំពោះគ្នាទៅវិញទៅមក ក្នុងស្មារតីភាតរភាពជាបងប្អូន។",
  burmese:
    "လူတိုင်းသည် တူညီ လွတ်လပ်သော ဂုဏ်သိက္ခာဖြင့် လည်းကောင်း၊ တူညီလွတ်လပ်သော အခွင့်အရေးများဖြင့် လည်းကောင်း၊ မွေးဖွားလာသူများ ဖြစ်သည်။ ထိုသူတို့၌ ပိုင်းခြား ဝေဖန်တတ်သော ဉာဏ်နှင့် ကျင့်ဝတ် သိတတ်သော စိတ်တို့ရှိကြ၍ ထိုသူတို့သည် အချင်းချင်း မေတ္တာထား၍ ဆက်ဆံကျင့်သုံးသင့်၏။",
  tibetan:
    "འགྲོ་བ་མིའི་རིགས་རྒྱུད་ཡོངས་ལ་སྐྱེས་ཙམ་ཉིད་ནས་ཆེ་མཐོངས་དང༌། ཐོབ་ཐངགི་རང་དབང་འདྲ་མཉམ་དུ་ཡོད་ལ། ཁོང་ཚོར་རང་བྱུང་གི་བློ་རྩལ་དང་བསམ་ཚུལ་བཟང་པོ་འདོན་པའི་འོས་བབས་ཀྱང་ཡོད།",
  korean: `모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 이성과 양심을 부여받았으며 서로 형제애의 정신으로 행동하여야 한다.
모든 사람은 생명과 신체의 자유와 안전에 대한 권리를 가진다. 어느 누구도 노예상태 또는 예속상태에 놓여지지 아니한다. 모든 형태의 노예제도와 노예매매는 금지된다.`,
};

describe("the filters of a pack", () => {
  it("keep text in languages whose words have no spaces between them", () => {
    for (const [language, text] of Object.entries(DECLARATION))
      assert.deepEqual(
        reasonsOf(text, ["lao", "khmer", "burmese", "tibetan", "korean"].includes(language) ? 20 : 50),
        [],
        language,
      );
  });

  it("count the words of a clause, and take numbers between clauses for few of them", () => {
    const clause = "เชื้อชาติศาสนาความคิดเห็น";
    const report = [...DECLARATION.thai.split(" ").slice(0, 10)].map((text, i) => `${text} ${2500 + i}`).join(" ");
    assert.deepEqual(reasonsOf(report), []);
    assert.deepEqual(reasonsOf(`${clause} ${clause}`), ["fewer than 50 words"]);
  });

  it("take no set phrase of characters, which is few words, for a repetition of words", () => {
    const phrases =
      "ということができる しなければならない ことについて述べる 場合にはそのために と考えられています によって示された後 したがってこの点は それにもかかわらず ものとして知られる ひとつの例をあげる あらかじめ準備した まったく同じように";
    const own = `${DECLARATION.japanese}${DECLARATION.chinese}`.replace(/[，。、；\n]/g, "");
    const sentences = Array.from({ length: 3 }, () => phrases.split(" "))
      .flat()
      .map((phrase, i) => `${own.slice(10 * i, 10 * i + 10)}${phrase}。`);
    assert.deepEqual(reasonsOf(sentences.join("")), []);
  });

  it("leave out what repeats in Chinese too", () => {
    const [first] = DECLARATION.chinese.split("\n");
    assert.deepEqual(
      reasonsOf(Array.from({ length: 8 }, (_, i) => `${i} ${first}`).join("")).map((reason) =>
        reason.replace(/\d/, "n"),
      ),
      ["one n-gram is much of it"],
    );
  });

  it("look at the mean length of words that have spaces", () => {
    const words = (length: number) =>
      Array.from({ length: 80 }, (_, i) =>
        String.fromCharCode(97 + (i % 26), 97 + (i % 23))
          .repeat(length)
          .slice(0, length),
      );
    assert.match(reasonsOf(words(1).join(" "))[0]!, /less than 2 characters/);
    assert.match(reasonsOf(words(14).join(" "))[0]!, /more than 12 characters/);
    const mixed = [...words(14), ...DECLARATION.chinese.slice(0, 60)].join(" ");
    assert.match(reasonsOf(mixed)[0]!, /more than 12 characters/, "most are words");
  });
});
