import protobuf from "protobufjs/minimal.js";
import type { Dim } from "../graph.js";
import { STORED_BYTES, type StoredTensor } from "../stored-tensor.js";
import type { DType } from "../tensor.js";
import type { Attribute } from "./emitter.js";
import * as field from "./fields.js";
import type { OnnxNode } from "./lower.js";

const VARINT = 0;
const BYTES = 2;
const FIXED32 = 5;

/** A protobuf message being written, by field number. */
export class Message {
  readonly #writer = protobuf.Writer.create();

  int(id: number, value: number): this {
    this.#writer.uint32((id << 3) | VARINT).int64(value);
    return this;
  }

  float(id: number, value: number): this {
    this.#writer.uint32((id << 3) | FIXED32).float(value);
    return this;
  }

  text(id: number, value: string): this {
    this.#writer.uint32((id << 3) | BYTES).string(value);
    return this;
  }

  bytes(id: number, value: Uint8Array): this {
    this.#writer.uint32((id << 3) | BYTES).bytes(value);
    return this;
  }

  message(id: number, value: Message): this {
    return this.bytes(id, value.finish());
  }

  finish(): Uint8Array {
    return this.#writer.finish();
  }
}

const elementType = { ...field.dataType, ...field.integerType };

/** ValueInfoProto of a tensor. */
export const valueInfo = (name: string, dtype: DType | field.IntegerType, shape: readonly Dim[]): Message => {
  const dims = new Message();
  for (const dim of shape) {
    const dimension = new Message();
    if (typeof dim === "number") dimension.int(field.dimension.dimValue, dim);
    else dimension.text(field.dimension.dimParam, dim);
    dims.message(field.shape.dim, dimension);
  }
  const tensorType = new Message()
    .int(field.tensorType.elemType, elementType[dtype])
    .message(field.tensorType.shape, dims);
  return named(name, new Message().message(field.type.tensorType, tensorType));
};

/** ValueInfoProto of a sequence of float tensors. */
export const sequenceInfo = (name: string): Message => {
  const element = new Message().int(field.tensorType.elemType, field.dataType.float32);
  const sequence = new Message().message(
    field.sequenceType.elemType,
    new Message().message(field.type.tensorType, element),
  );
  return named(name, new Message().message(field.type.sequenceType, sequence));
};

const named = (name: string, type: Message): Message =>
  new Message().text(field.valueInfo.name, name).message(field.valueInfo.type, type);

/** TensorProto with the elements as raw little-endian bytes. */
export const initializer = (
  name: string,
  dtype: DType | field.IntegerType,
  shape: readonly number[],
  data: Float32Array | BigInt64Array | Uint8Array,
): Message => {
  const message = new Message();
  for (const dim of shape) message.int(field.tensor.dims, dim);
  return message
    .int(field.tensor.dataType, elementType[dtype])
    .text(field.tensor.name, name)
    .bytes(field.tensor.rawData, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
};

/** TensorProto with its elements in a file. @param location path of the file, below the folder that the session is given */
export const externalInitializer = (
  name: string,
  { dtype, shape, offset }: StoredTensor,
  location: string,
): Message => {
  const message = new Message();
  for (const dim of shape) message.int(field.tensor.dims, dim);
  message.int(field.tensor.dataType, field.storedType[dtype]).text(field.tensor.name, name);
  const bytes = shape.reduce((product, dim) => product * dim, STORED_BYTES[dtype]);
  for (const [key, value] of Object.entries({ location, offset, length: bytes }))
    message.message(
      field.tensor.externalData,
      new Message().text(field.stringEntry.key, key).text(field.stringEntry.value, `${value}`),
    );
  return message.int(field.tensor.dataLocation, field.EXTERNAL);
};

/** NodeProto. */
export const node = ({ name: nodeName, type: opType, domain, inputs, outputs, attributes }: OnnxNode): Message => {
  const message = new Message();
  for (const input of inputs) message.text(field.node.input, input);
  for (const output of outputs) message.text(field.node.output, output);
  message.text(field.node.name, nodeName).text(field.node.opType, opType).text(field.node.domain, domain);
  for (const [name, attribute] of Object.entries(attributes)) {
    message.message(field.node.attribute, attributeProto(name, attribute));
  }
  return message;
};

const attributeProto = (name: string, attribute: Attribute): Message => {
  const message = new Message()
    .text(field.attribute.name, name)
    .int(field.attribute.type, field.attributeType[attribute.kind]);
  switch (attribute.kind) {
    case "int":
      return message.int(field.attribute.i, attribute.value);
    case "float":
      return message.float(field.attribute.f, attribute.value);
    case "string":
      return message.bytes(field.attribute.s, new TextEncoder().encode(attribute.value));
    case "ints":
      for (const value of attribute.value) message.int(field.attribute.ints, value);
      return message;
  }
};
