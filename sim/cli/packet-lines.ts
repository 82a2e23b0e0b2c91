/**
 * The packets of a run for the HTML report, taken apart as the browser view does it. Pings come last when there is not
 * room for all: a report is read for what the protocols said.
 */

import { Capture, captureCable } from '../lan/capture.ts';
import type { PacketLine, PacketList } from '../report/reporter.ts';
import { dissectPacket } from '../session/packet-tree.ts';
import type { LivingLan } from '../topology/living-lan.ts';

/** Most packets of one run that a report shows; a page of more opens slowly. */
const PACKETS_SHOWN = 2500;
/** Most frames that are looked at. */
const LIMITS = { framesMax: 200_000, bytesMax: 0x400_0000 };

/** Listens to every cable of one run. */
export class PacketLines {
  readonly #capture = new Capture(LIMITS);

  /** Begins to listen; to be called before anything happens. */
  start(lan: LivingLan): void {
    for (const cable of lan.cables) captureCable(cable, this.#capture);
  }

  /** The packets to show, in the order of time, and how many are not shown. */
  list(): PacketList {
    const { frames, omitted } = this.#capture;
    // A switch hands one frame to several cables: where it entered the LAN is enough.
    const lines = firstSightings(frames).map(
      ({ at, frame, port, lost }): PacketLine & { readonly isPing: boolean } => {
        const facts = { number: 1, at, ...(lost === undefined ? {} : { lost }) };
        const { source, destination, protocol, info, colour, fields } = dissectPacket(frame, facts);
        const isPing = fields.has('icmp') || fields.has('icmpv6.echo.identifier');
        const line = { at, from: port, source, destination, protocol, info, colour };
        return { ...line, isPing, ...(lost === undefined ? {} : { lost }) };
      },
    );
    const talk = lines.filter((one) => !one.isPing).slice(0, PACKETS_SHOWN);
    const room = PACKETS_SHOWN - talk.length;
    const pings = new Set(lines.filter((one) => one.isPing).slice(0, room));
    const said = new Set<PacketLine>(talk);
    const shown = lines.filter((one) => said.has(one) || pings.has(one));
    return { lines: shown, omitted: lines.length - shown.length + omitted };
  }
}

type Frames = Capture['frames'];

function firstSightings(frames: Frames): Frames {
  const seen = new Set<Uint8Array>();
  return frames.filter(({ frame }) => {
    if (seen.has(frame)) return false;
    seen.add(frame);
    return true;
  });
}
