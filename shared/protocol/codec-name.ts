import { z } from "zod";

/** How the tensors of an update are encoded. The codecs are in `shared/artifact/codec/`. */
export const CODEC_NAMES = ["float32", "bfloat16", "int8", "topk-2bit"] as const;

export const codecName = z.enum(CODEC_NAMES);

export type CodecName = z.infer<typeof codecName>;
