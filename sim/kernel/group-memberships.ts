/** Memberships of one link, with the timers of its reports. */

import { type GroupProtocol, onChangeTimer, onGeneralTimer } from './group-machine.ts';
import type { GroupMemberships, LeftGroup, Membership } from './group-state.ts';
import { type KernelTimer, makeTimer } from './kernel-clock.ts';
import type { KernelState, LinkState } from './kernel-state.ts';

/** What a timer of a link's memberships does when it expires. */
type Expiry = (kernel: KernelState, protocol: GroupProtocol, link: LinkState) => void;

/** Memberships of a new link: none. Most links never report a change, so timers are made when they are asked for. */
export class Memberships implements GroupMemberships {
  readonly joined: Membership[] = [];
  readonly left: LeftGroup[] = [];
  changeReportsLeft = 0;
  version1UntilUs = 0;
  version2UntilUs = 0;
  robustness = 0;
  readonly #run: (expire: Expiry) => void;
  #changeTimer: KernelTimer | undefined;
  #generalTimer: KernelTimer | undefined;

  /** `run` calls what has expired with kernel, protocol and link. */
  constructor(run: (expire: Expiry) => void) {
    this.#run = run;
  }

  get changeTimer(): KernelTimer {
    this.#changeTimer ??= makeTimer(() => this.#run(onChangeTimer));
    return this.#changeTimer;
  }

  get generalTimer(): KernelTimer {
    this.#generalTimer ??= makeTimer(() => this.#run(onGeneralTimer));
    return this.#generalTimer;
  }
}
