/**
 * Many reads or writes of frames by one system call, through io_uring: a kernel is entered once a batch, not once a frame,
 * which is dear in a virtual machine (measured: 1.4 µs an entry there). Nothing waits (RWF_NOWAIT), so each operation ends within
 * the call that submits it and nothing is ever on its way when JavaScript runs; what `read` and `write` would have
 * returned stands in the completion, or EOPNOTSUPP for a descriptor that cannot promise not to wait. Kernels without it, or that forbid it (seccomp of containers), have no ring.
 * Read io_uring(7), io_uring_setup(2) and io_uring_enter(2).
 */

import type { Libc } from '../../daemon/linux/native/libc.ts';

/** Most operations of one batch. */
export const BATCH_MAX = 128;
/** Longest frame of a batch: jumbo frames and their tags. */
export const BATCH_FRAME_MAX = 16_384;
/** Slots begin in different lines of the processor's cache. */
const SLOT_STRIDE = BATCH_FRAME_MAX + 192;

/** From linux/io_uring.h. */
const IORING_OFF_SQES = 0x1000_0000;
const IORING_FEAT_SINGLE_MMAP = 1;
const IORING_OP_READ = 22;
const IORING_OP_WRITE = 23;
const IORING_ENTER_GETEVENTS = 1;
const RWF_NOWAIT = 8;
const PARAMS_LENGTH = 120;
/** Indexes of 32-bit words in `struct io_uring_params`. */
const PARAM = {
  sqEntries: 0,
  cqEntries: 1,
  features: 5,
  sqTail: 11,
  sqMask: 12,
  sqArray: 16,
  cqHead: 20,
  cqTail: 21,
  cqMask: 22,
  cqes: 25,
} as const;
const SQE_WORDS = 16;
const CQE_WORDS = 4;
const CQE_LENGTH = 16;
/** "Where the file stands": descriptors of networks have no position. */
const NO_OFFSET = 0xffff_ffff;

/** The calls that a ring is made with; `map` gives memory that the kernel shares. */
export interface RingCalls {
  readonly libc: Pick<Libc, 'addressOf' | 'close'>;
  /** io_uring_setup: a descriptor, or below 0. */
  setup(entries: number, params: Uint32Array): number;
  /** io_uring_enter: operations taken, or below 0. */
  enter(ring: number, submit: number, complete: number, flags: number): number;
  /** mmap, shared; `undefined` when it fails. */
  map(length: number, ring: number, offset: number): ArrayBuffer | undefined;
}

/** Hears what a write came to: octets, or minus errno. */
export interface WriteListener {
  onWritten(result: number, frame: Uint8Array): void;
}

/** Opens a ring; `undefined` where the kernel has none for us. */
export function openBatchRing(calls: RingCalls): BatchRing | undefined {
  const params = new Uint32Array(PARAMS_LENGTH / 4);
  const descriptor = calls.setup(BATCH_MAX, params);
  if (descriptor < 0) return undefined;
  const word = (index: number): number => params[index] as number;
  const queuesLength = Math.max(
    word(PARAM.sqArray) + word(PARAM.sqEntries) * 4,
    word(PARAM.cqes) + word(PARAM.cqEntries) * CQE_LENGTH,
  );
  const isSingle = (word(PARAM.features) & IORING_FEAT_SINGLE_MMAP) !== 0;
  const queues = isSingle ? calls.map(queuesLength, descriptor, 0) : undefined;
  const entries = calls.map(word(PARAM.sqEntries) * SQE_WORDS * 4, descriptor, IORING_OFF_SQES);
  if (queues === undefined || entries === undefined) {
    calls.libc.close(descriptor);
    return undefined;
  }
  return new BatchRing(calls, descriptor, {
    params,
    queues: new Int32Array(queues, 0, queuesLength >> 2),
    entries: new Int32Array(entries),
  });
}

/** The memory that a ring shares with the kernel. */
interface RingMemory {
  readonly params: Uint32Array;
  readonly queues: Int32Array;
  readonly entries: Int32Array;
}

/** The slots of a batch, and where the kernel finds them. */
class Slots {
  readonly bytes = new Uint8Array(BATCH_MAX * SLOT_STRIDE);
  readonly low = new Int32Array(BATCH_MAX);
  readonly high = new Int32Array(BATCH_MAX);

  constructor(libc: Pick<Libc, 'addressOf'>) {
    const address = libc.addressOf(this.bytes);
    for (let slot = 0; slot < BATCH_MAX; slot++) {
      const at = address + BigInt(slot * SLOT_STRIDE);
      this.low[slot] = Number(BigInt.asIntN(32, at));
      this.high[slot] = Number(BigInt.asIntN(32, at >> 32n));
    }
  }
}

/** A ring; see the head of the file. */
export class BatchRing {
  /** Writes are collected until `submit`. */
  isCollecting = false;
  /** What each read of the last batch came to: octets, or minus errno. */
  readonly results = new Int32Array(BATCH_MAX);
  readonly #calls: RingCalls;
  readonly #descriptor: number;
  readonly #queues: Int32Array;
  readonly #entries: Int32Array;
  readonly #sqTail: number;
  readonly #sqMask: number;
  readonly #cqHead: number;
  readonly #cqTail: number;
  readonly #cqMask: number;
  readonly #cqes: number;
  readonly #in: Slots;
  readonly #out: Slots;
  readonly #written = new Int32Array(BATCH_MAX);
  /** By slot of the batch that is being collected. */
  readonly #listeners: WriteListener[] = [];
  readonly #frames: Uint8Array[] = [];

  constructor(calls: RingCalls, descriptor: number, { params, queues, entries }: RingMemory) {
    const wordAt = (index: number): number => (params[index] as number) >> 2;
    this.#calls = calls;
    this.#descriptor = descriptor;
    this.#queues = queues;
    this.#entries = entries;
    this.#sqTail = wordAt(PARAM.sqTail);
    this.#sqMask = queues[wordAt(PARAM.sqMask)] as number;
    this.#cqHead = wordAt(PARAM.cqHead);
    this.#cqTail = wordAt(PARAM.cqTail);
    this.#cqMask = queues[wordAt(PARAM.cqMask)] as number;
    this.#cqes = wordAt(PARAM.cqes);
    const array = wordAt(PARAM.sqArray);
    for (let index = 0; index <= this.#sqMask; index++) queues[array + index] = index;
    this.#in = new Slots(calls.libc);
    this.#out = new Slots(calls.libc);
  }

  /** Reads up to `count` frames of one descriptor into `results` and the slots; how many were asked for. */
  read(descriptor: number, count: number): number {
    const wanted = Math.min(count, BATCH_MAX);
    for (let slot = 0; slot < wanted; slot++) {
      this.#put(IORING_OP_READ, descriptor, this.#in, slot, BATCH_FRAME_MAX);
    }
    this.#enter(wanted, this.results);
    return wanted;
  }

  /** The first `length` octets of what a read of the last batch found. */
  frame(slot: number, length: number): Uint8Array {
    const start = slot * SLOT_STRIDE;
    return this.#in.bytes.subarray(start, start + length);
  }

  /** From here to `submit` writes may be added. */
  collect(): void {
    this.isCollecting = true;
  }

  /** Adds a write of at most `BATCH_FRAME_MAX` octets, which are copied. */
  write(descriptor: number, frame: Uint8Array, listener: WriteListener): void {
    if (this.#listeners.length === BATCH_MAX) this.#writeAll();
    const slot = this.#listeners.push(listener) - 1;
    this.#frames.push(frame);
    this.#out.bytes.set(frame, slot * SLOT_STRIDE);
    this.#put(IORING_OP_WRITE, descriptor, this.#out, slot, frame.length);
  }

  /** Ends collecting, and carries out what was collected, in order. */
  submit(): void {
    this.isCollecting = false;
    this.flush();
  }

  /** Carries out what was collected so far, in order. */
  flush(): void {
    if (this.#listeners.length > 0) this.#writeAll();
  }

  close(): void {
    this.#calls.libc.close(this.#descriptor);
  }

  #writeAll(): void {
    // Whoever hears of a refusal may send again, so the batch is over before anybody is told.
    const listeners = this.#listeners.splice(0);
    const frames = this.#frames.splice(0);
    this.#enter(listeners.length, this.#written);
    for (const [slot, listener] of listeners.entries()) {
      listener.onWritten(this.#written[slot] as number, frames[slot] as Uint8Array);
    }
  }

  /** Fills in the next entry of the submission queue. */
  #put(operation: number, descriptor: number, slots: Slots, slot: number, length: number): void {
    const queues = this.#queues;
    const tail = queues[this.#sqTail] as number;
    const entries = this.#entries;
    const at = (tail & this.#sqMask) * SQE_WORDS;
    entries[at] = operation;
    entries[at + 1] = descriptor;
    entries[at + 2] = NO_OFFSET;
    entries[at + 3] = NO_OFFSET;
    entries[at + 4] = slots.low[slot] as number;
    entries[at + 5] = slots.high[slot] as number;
    entries[at + 6] = length;
    entries[at + 7] = RWF_NOWAIT;
    entries[at + 8] = slot;
    entries[at + 9] = 0;
    entries[at + 10] = 0;
    entries[at + 11] = 0;
    queues[this.#sqTail] = (tail + 1) | 0;
  }

  /** Hands `count` entries to the kernel and takes their results, by slot. */
  #enter(count: number, results: Int32Array): void {
    let submitted = 0;
    let completed = 0;
    while (completed < count) {
      const left = count - submitted;
      const flags = IORING_ENTER_GETEVENTS;
      const taken = this.#calls.enter(this.#descriptor, left, count - completed, flags);
      if (taken > 0) submitted += taken;
      completed += this.#complete(results);
    }
  }

  #complete(results: Int32Array): number {
    const queues = this.#queues;
    const tail = queues[this.#cqTail] as number;
    const first = queues[this.#cqHead] as number;
    let head = first;
    for (; head !== tail; head = (head + 1) | 0) {
      const at = this.#cqes + (head & this.#cqMask) * CQE_WORDS;
      results[queues[at] as number] = queues[at + 2] as number;
    }
    queues[this.#cqHead] = head;
    return (head - first) | 0;
  }
}
