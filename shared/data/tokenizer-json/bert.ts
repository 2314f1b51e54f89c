/** The settings of the normaliser `BertNormalizer`. */
export interface BertNormaliser {
  readonly clean_text: boolean;
  readonly handle_chinese_chars: boolean;
  readonly strip_accents?: boolean | null | undefined;
  readonly lowercase: boolean;
}

const CONTROL = /[\0\ufffd\p{Cc}\p{Cf}\p{Co}]/gu;
const SPACE = /\p{White_Space}/gu;
/** The blocks of the Rust library, whose fourth extension begins at U+2B920. */
const IDEOGRAPH =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

/** The normaliser of BERT's tokenizers, as the Rust library `tokenizers` has it. */
export const bertNormalised = (text: string, settings: BertNormaliser): string => {
  let result = text;
  if (settings.clean_text)
    result = result.replace(CONTROL, (found) => (/[\t\n\r]/.test(found) ? found : "")).replace(SPACE, " ");
  if (settings.handle_chinese_chars) result = result.replace(IDEOGRAPH, " $& ");
  if (settings.strip_accents ?? settings.lowercase) result = result.normalize("NFD").replace(/\p{Mn}/gu, "");
  return settings.lowercase ? lowerCase(result) : result;
};

/** Each character by itself: a sigma at a word's end as any other. */
export const lowerCase = (text: string): string =>
  /\u03a3/.test(text) ? Array.from(text, (character) => character.toLowerCase()).join("") : text.toLowerCase();

/** What `BertPreTokenizer` splits at: spaces, which go, and punctuation marks, which stay by themselves. */
export const BERT_SPACE = /\p{White_Space}/gu;
export const BERT_MARK = /[\p{P}$+<=>^`|~]/gu;
