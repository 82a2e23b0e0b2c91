/** What the dissectors write into: the decoded tree, and the same values as fields for filters. */

import type { PacketColour, TreeNode } from './protocol-rows.ts';

/** A value that a filter can compare: numbers as numbers, addresses and words as their text form. */
export type FieldValue = number | string;

/** A tree node while it is written. */
export interface OpenNode {
  readonly label: string;
  readonly field?: string;
  readonly value?: string;
  readonly start: number;
  length: number;
  readonly children: OpenNode[];
  warning?: boolean;
}

/** Where a value stands in the frame. */
export interface Bytes {
  readonly start: number;
  readonly length: number;
}

/** A frame that was taken apart. */
export interface DissectedPacket {
  readonly tree: readonly TreeNode[];
  /** Every value of a field, in order; a protocol's own name is there with the value 1. */
  readonly fields: ReadonlyMap<string, readonly FieldValue[]>;
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly info: string;
  readonly colour: PacketColour;
}

/** One frame being taken apart. */
export class PacketBuilder {
  readonly bytes: Uint8Array;
  readonly tree: OpenNode[] = [];
  readonly fields = new Map<string, FieldValue[]>();
  source = '';
  destination = '';
  protocol = 'Ethernet';
  info = '';
  colour: PacketColour = 'plain';
  /** Something is wrong with it: a bad checksum, a truncated header. */
  trouble = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Opens a protocol's branch; `name` is its filter name, such as `vrrp`. */
  layer(name: string, label: string, at: Bytes): OpenNode {
    const node: OpenNode = { label, field: name, ...at, children: [] };
    this.tree.push(node);
    this.note(name, 1);
    return node;
  }

  /** Adds fields to a protocol's branch, by their offset in it: `fieldsOf(node)(8, 1, 'ttl', 'Time to Live', 64)`. */
  fieldsOf(
    node: OpenNode,
  ): (offset: number, size: number, name: string, label: string, value: FieldValue) => OpenNode {
    return (offset, size, name, label, value) => {
      const place = { start: node.start + offset, length: size };
      return this.field(node, place, { field: `${node.field}.${name}`, label, value });
    };
  }

  /** A line below a branch, with a value that can be filtered for. */
  field(
    parent: OpenNode,
    at: Bytes,
    what: {
      readonly field: string;
      readonly label: string;
      readonly value: FieldValue;
      readonly shown?: string;
    },
  ): OpenNode {
    const value = what.shown ?? String(what.value);
    const node: OpenNode = {
      label: `${what.label}: ${value}`,
      field: what.field,
      value: String(what.value),
      ...at,
      children: [],
    };
    parent.children.push(node);
    this.note(what.field, what.value);
    return node;
  }

  /** A line that only informs. */
  text(parent: OpenNode, at: Bytes, label: string): OpenNode {
    const node: OpenNode = { label, ...at, children: [] };
    parent.children.push(node);
    return node;
  }

  /** A line that says what is wrong. */
  warn(parent: OpenNode, at: Bytes, label: string): void {
    this.text(parent, at, label).warning = true;
    this.trouble = true;
  }

  /** A value without a line of its own: `ip.addr` stands for source and destination. */
  note(field: string, value: FieldValue): void {
    const known = this.fields.get(field);
    if (known === undefined) this.fields.set(field, [value]);
    else known.push(value);
  }

  /** The result. */
  finish(): DissectedPacket {
    const { fields, source, destination, protocol, info } = this;
    const colour = this.trouble ? 'trouble' : this.colour;
    return { tree: this.tree, fields, source, destination, protocol, info, colour };
  }
}
