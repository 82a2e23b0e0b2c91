/**
 * `--pcap DIR`: one pcapng file per cable, the interface named after the card (or switch port) that
 * it hangs on.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Capture, captureCable } from '../lan/capture.ts';
import type { CableApi } from '../lan/lan-api.ts';
import { writePcapng } from '../report/pcapng-write.ts';
import type { LivingLan } from '../topology/living-lan.ts';
import { EnvironmentError } from './exit-codes.ts';
import { makeFolder } from './make-folder.ts';

/** The captures of one run. */
export class PcapFiles {
  readonly #captures: { readonly cable: CableApi; readonly capture: Capture }[] = [];
  #lan: LivingLan | undefined;

  /** Begins to listen; to be called before anything happens. */
  start(lan: LivingLan): void {
    this.#lan = lan;
    for (const cable of lan.cables) {
      const capture = new Capture();
      captureCable(cable, capture);
      this.#captures.push({ cable, capture });
    }
  }

  /** Writes all files and returns their names. */
  write(options: {
    readonly folder: string;
    readonly name: string;
    readonly application: string;
  }): readonly string[] {
    const lan = this.#lan;
    if (lan === undefined) return [];
    try {
      makeFolder(options.folder);
      return this.#captures.map(({ cable, capture }) => {
        const near = lan.hosts.has(nodeOf(cable.a.id)) ? cable.a.id : cable.b.id;
        const name = lan.hosts.has(nodeOf(near)) ? near : cable.a.id;
        const path = join(options.folder, `${fileName(`${options.name}-${name}`)}.pcapng`);
        const bytes = writePcapng({
          epochUs: lan.spec.epochUs,
          application: options.application,
          interfaces: [{ name, description: `cable ${cable.name}` }],
          frames: capture.frames.map(({ at, frame, port, lost, change }) => {
            const remarks = [
              ...(lost === undefined ? [] : [`lost: ${lost}`]),
              ...(change === undefined ? [] : [`changed: ${change}`]),
            ];
            return {
              at,
              frame,
              interfaceIndex: 0,
              direction: port === name ? ('outbound' as const) : ('inbound' as const),
              ...(remarks.length === 0 ? {} : { comment: remarks.join(', ') }),
            };
          }),
        });
        writeFileSync(path, bytes);
        return path;
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new EnvironmentError(`cannot write captures: ${reason}`, { cause: error });
    }
  }
}

function nodeOf(id: string): string {
  return id.slice(0, id.indexOf(':'));
}

/** A name that every file system takes. */
function fileName(name: string): string {
  return name.replaceAll(/[^\w.-]+/g, '_');
}
